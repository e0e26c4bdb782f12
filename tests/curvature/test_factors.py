"""Factors, eigenvalues and derivatives of layers against dense matrices made from the network's Jacobian."""

import keras
import numpy as np
import pytest
from scipy.linalg import block_diag

import curvature_networks
from attribution.curvature import damping, eigenvalues, exact, gradients, kronecker, network, seeds
from attribution.influence import all_layers, features
from attribution.numerics import hessian
from attribution.numerics.residuals import probabilities, residuals

pytestmark = pytest.mark.slow

CLOSE = {"rtol": 1e-8, "atol": 1e-12}
NETWORKS = {
    "mlp, one logit": lambda: curvature_networks.mlp(2),
    "mlp, three logits": lambda: curvature_networks.mlp(3),
    "cnn": curvature_networks.cnn,
}


def jacobian_of_roots(model64, x):
    """(n, C, k) derivatives along the columns of any square root of diag p - p p^T, by autodiff of whole samples."""
    logits, derivative = all_layers.jacobian(model64, x, 4)
    p = probabilities(logits)
    if p.shape[1] == 1:
        return np.sqrt(p * (1 - p))[:, :, None] * derivative
    roots = []
    for row in p:
        values, vectors = np.linalg.eigh(np.diag(row) - np.outer(row, row))
        roots.append(vectors * np.sqrt(np.maximum(values, 0)))
    return np.einsum("ncj,nck->njk", np.array(roots), derivative)


@pytest.fixture(params=NETWORKS, scope="module")
def case(request):
    model, model64, x, y = NETWORKS[request.param]()
    opened = network.opened(model, x)
    logits = network.logits(opened, x)
    passes = network.kept_blocks(opened, x, seeds.roots(logits))
    return opened, model64, x, y, logits, passes, jacobian_of_roots(model64, x)


def test_gradients_and_curvature_are_those_of_the_jacobian(case):
    opened, model64, x, y, logits, passes, rows = case
    found, g = all_layers.gradients(model64, x, y, 4)
    np.testing.assert_allclose(logits, found, **CLOSE)
    np.testing.assert_allclose(gradients.rows(opened, x, seeds.single(residuals(logits, y))), g, **CLOSE)
    expected = np.einsum("njk,njl->kl", rows, rows) / len(x)
    np.testing.assert_allclose(exact.matrix(opened, passes(), len(x)), expected, **CLOSE)
    assert damping.trace(passes(), len(x)) == pytest.approx(np.trace(expected), rel=1e-10)
    # gradients from curvature's own seeds: J^T u, exactly, sign included
    u = seeds.weights_of_residuals(logits, y)
    summed = gradients.gathered(opened, passes(), np.stack([np.eye(len(x)) * u[:, c] for c in range(u.shape[1])]))
    np.testing.assert_allclose(summed, g, **CLOSE)


def test_products_are_the_same_whether_inputs_or_gradients_are_formed_first(case):
    """Layers of few and of many positions take other ways; both are compared with single gradients."""
    opened, _, x, _, logits, _, rows = case
    v = np.random.default_rng(3).normal(size=(3, opened.size))
    for batch in (1, 4, len(x)):
        passes = network.kept_blocks(opened, x, seeds.roots(logits), batch)
        moved = gradients.along(opened, passes(), v, len(x), opened.classes)
        # squares over the columns do not depend on which square root is taken
        squares = np.square(np.einsum("njk,bk->bnj", rows, v)).sum(axis=2)
        np.testing.assert_allclose(np.square(moved).sum(axis=0).T, squares, **CLOSE)
        expected = v @ np.einsum("njk,njl->kl", rows, rows)
        np.testing.assert_allclose(gradients.product(opened, passes(), v), expected, **CLOSE)


def dense_factors(model64, opened, x, weighted):
    """Kronecker factors by loops over samples, classes and positions, from gradients in patches' own terms."""
    logits = network.logits(opened, x)
    found = []
    for place, part in enumerate(opened.parts):
        a_sum, b_sum, trace = np.zeros((part.rows,) * 2), np.zeros((part.columns,) * 2), 0.0
        for i in range(len(x)):
            p = probabilities(logits[i : i + 1])[0]
            labels = range(len(p)) if len(p) > 1 else (0, 1)
            chance = p if len(p) > 1 else np.array([1 - p[0], p[0]])
            for label in labels:
                # the expectation over labels itself, not a square root
                own = seeds.single(residuals(logits[i : i + 1], np.array([label])))
                (block,) = network.blocks(opened, x[i : i + 1], own)
                for t in range(part.positions):
                    a, e = block.a[place][0, t], block.e[place][0, 0, t]
                    a_sum += chance[label] * np.outer(a, a) * (e @ e if weighted else 1.0)
                    b_sum += chance[label] * np.outer(e, e) * (a @ a if weighted else 1.0)
                    trace += chance[label] * (e @ e) * (a @ a)
        if weighted:
            found.append((a_sum / np.trace(a_sum), b_sum / np.trace(b_sum) * trace / len(x)))
        else:
            found.append((a_sum / len(x), b_sum / len(x) / part.positions))
    return found


@pytest.mark.parametrize("form", kronecker.FORMS)
def test_kronecker_inverse_is_the_dense_one(case, form):
    opened, model64, x, _, _, passes, _ = case
    factors = kronecker.factors(opened, passes(), len(x), form)
    dense = dense_factors(model64, opened, x, form == "weighted")
    matrix = block_diag(*(np.kron(a, b) for a, b in dense))
    np.testing.assert_allclose(block_diag(*(np.kron(*pair) for pair in factors)), matrix, **CLOSE)
    matrix += np.diag(network.decay(opened) + 0.05)
    v = np.random.default_rng(4).normal(size=(5, opened.size))
    np.testing.assert_allclose(kronecker.inverse(opened, factors, 0.05)(v), np.linalg.solve(matrix, v.T).T, **CLOSE)


def test_eigenvalues_are_the_diagonal_of_the_dense_curvature_in_the_basis(case):
    opened, _, x, _, _, passes, rows = case
    turned = eigenvalues.basis(kronecker.factors(opened, passes(), len(x)))
    values = eigenvalues.eigenvalues(opened, passes(), turned, len(x))
    matrix, q = np.einsum("njk,njl->kl", rows, rows) / len(x), block_diag(*(np.kron(*one) for one in turned))
    np.testing.assert_allclose(np.concatenate([v.ravel() for v in values]), np.diag(q.T @ matrix @ q), **CLOSE)
    full = np.diag(q.T @ (matrix + np.diag(network.decay(opened))) @ q) + 0.05
    v = np.random.default_rng(4).normal(size=(5, opened.size))
    np.testing.assert_allclose(
        eigenvalues.inverse(opened, turned, values, 0.05)(v), ((v @ q) / full) @ q.T, **CLOSE
    )  # fmt: skip


def test_batches_and_precision_change_rounding_only(case):
    opened, model64, x, _, logits, passes, _ = case
    whole = kronecker.factors(opened, passes(), len(x))
    for batch in (1, 2, 5):
        again = kronecker.factors(opened, network.blocks(opened, x, seeds.roots(logits), batch), len(x))
        for pair, other in zip(whole, again, strict=True):
            np.testing.assert_allclose(pair.a, other.a, rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(pair.b, other.b, rtol=1e-12, atol=1e-14)
    # of what is too large to keep, every pass computes the same again
    anew = network.kept_blocks(opened, x, seeds.roots(logits), limit=0)
    for _ in range(2):
        again = kronecker.factors(opened, anew(), len(x))
        np.testing.assert_array_equal(again[0].b, whole[0].b)
    single = network.opened(model64, x, "float32")
    assert single.dtype == np.float32
    short = kronecker.factors(single, network.blocks(single, x, seeds.roots(logits)), len(x))
    turned = eigenvalues.basis(whole)
    values = [
        eigenvalues.eigenvalues(one, network.blocks(one, x, seeds.roots(logits)), turned, len(x))
        for one in (opened, single)
    ]
    values = [np.concatenate([layer.ravel() for layer in found]) for found in values]
    np.testing.assert_allclose(values[1], values[0], rtol=1e-4, atol=1e-6 * values[0].max())
    for pair, other in zip(whole, short, strict=True):
        np.testing.assert_allclose(pair.a, other.a, rtol=1e-5, atol=1e-5 * np.abs(pair.a).max())
        np.testing.assert_allclose(pair.b, other.b, rtol=1e-4, atol=1e-5 * np.abs(pair.b).max())


def test_one_dense_layer_has_the_closed_form_hessian():
    model, _, x, _ = curvature_networks.softmax_regression()
    opened = network.opened(model, x)
    logits = network.logits(opened, x)
    passes = network.kept_blocks(opened, x, seeds.roots(logits))
    f = features.extended_features(model, x, 7)
    closed = hessian.hessian_sum(f, logits) / len(x)
    np.testing.assert_allclose(exact.matrix(opened, passes(), len(x)), closed, **CLOSE)
    np.testing.assert_allclose(network.decay(opened), features.last_layer_parameters(model)[1], rtol=1e-7)
    # eigenvalues in closed form: mean_i (Q_A^T x_i)_j^2 [sum_a p_a Q_ac^2 - (sum_a p_a Q_ac)^2]
    (turned,) = eigenvalues.basis(kronecker.factors(opened, passes(), len(x)))
    p = probabilities(logits)
    expected = ((f @ turned.a) ** 2).T @ (p @ turned.b**2 - (p @ turned.b) ** 2) / len(x)
    np.testing.assert_allclose(eigenvalues.eigenvalues(opened, passes(), [turned], len(x))[0], expected, **CLOSE)


def test_seeds_are_a_square_root_of_the_loss_curvature_where_probabilities_are_one_to_rounding():
    logits = np.array([[50.0, 0.0, -3.0], [0.3, -0.2, 0.1], [0.0, 60.0, 1.0]])
    s = seeds.roots(logits)(slice(0, 3))
    for i, p in enumerate(probabilities(logits)):
        np.testing.assert_allclose(s[:, i].T @ s[:, i], np.diag(p) - np.outer(p, p), rtol=1e-9, atol=1e-15)
    # 1 - p is lost in p itself
    assert s[0, 0, 0] == pytest.approx(-np.exp(-50.0) * (1 + np.exp(-3.0)), rel=1e-9)
    labels = np.array([0, 2, 0])
    u = seeds.weights_of_residuals(logits, labels)
    np.testing.assert_allclose(np.einsum("cnd,nc->nd", s, u), residuals(logits, labels), rtol=1e-9, atol=1e-30)
    one = np.array([[40.0], [-40.0], [0.2]])
    for labels in (np.array([1, 0, 1]), np.array([0, 1, 0])):
        product = seeds.roots(one)(slice(0, 3))[0] * seeds.weights_of_residuals(one, labels)
        np.testing.assert_allclose(product, residuals(one, labels), rtol=1e-9)


def test_other_layers_are_refused_by_name():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.BatchNormalization(name="norm")(inputs)))
    with pytest.raises(ValueError, match="layer 'norm' is a BatchNormalization with trainable parameters"):
        network.opened(model)
    shared = keras.layers.Dense(4, name="twice")
    with pytest.raises(ValueError, match="layer 'twice' is used twice"):
        network.opened(keras.Model(inputs, keras.layers.Dense(1)(shared(shared(inputs)))))
    grouped = keras.Input((4, 4, 2))
    convolved = keras.layers.Flatten()(keras.layers.Conv2D(2, 2, groups=2, name="grouped")(grouped))
    with pytest.raises(ValueError, match="layer 'grouped' has 2 groups"):
        network.opened(keras.Model(grouped, keras.layers.Dense(1)(convolved)))
    with pytest.raises(ValueError, match=r"weights have shapes \[\(3, 4\)\], but the network's are"):
        network.at(network.opened(keras.Model(inputs, keras.layers.Dense(2)(inputs))), [np.zeros((3, 4))])


def test_what_the_network_itself_computes_stays_as_it_was():
    model, _, x, _ = curvature_networks.cnn()
    before = keras.ops.convert_to_numpy(model(x, training=False))
    network.opened(model, x)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x, training=False)), before)
