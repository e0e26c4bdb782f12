"""TRAK: projected gradients, the kernel and the scores against explicit gradients and matrices."""

import tracemalloc
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from attribution.influence import all_layers, margin_gradients, projections, trak
from attribution.methods.influence.trak import Trak
from attribution.networks import precision
from attribution.numerics import residuals

pytestmark = pytest.mark.slow

ROUNDING = 1e-9
COUNT, TARGETS, BATCH = 11, 4, 4


def mlp(classes):
    inputs = keras.Input((3,))
    x = layers.Dense(5, activation="tanh")(inputs)
    x = layers.Dense(4, activation="relu", use_bias=False)(layers.Dropout(0.5)(x))
    return keras.Model(inputs, layers.Dense(classes)(x))


def cnn(classes):
    """Strides, dilation, a layer used twice, and parameters that are no kernel's."""
    inputs = keras.Input((9, 9, 2))
    x = layers.Conv2D(3, 3, strides=2, padding="same", activation="gelu")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(4, 2, dilation_rate=2, use_bias=False, activation="relu")(x)
    x = layers.DepthwiseConv2D(2)(x)
    shared = layers.Dense(4, activation="tanh")
    x = shared(shared(layers.Reshape((-1, 4))(x)))
    return keras.Model(inputs, layers.Dense(classes)(layers.Flatten()(x)))


@pytest.fixture(scope="module", params=["mlp-1", "cnn-3"])
def problem(request):
    """A network in float64, samples, labels, and their gradients by autodiff of the logits, in the order of its parts;
    the model itself.

    The gradient of a part of two factors is an (inputs, outputs) matrix whose last row is the bias.
    """
    keras.utils.set_random_seed(0)
    kind, _, classes = request.param.partition("-")
    model = precision.in_float64({"mlp": mlp, "cnn": cnn}[kind](int(classes)))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(COUNT, *model.input.shape[1:]))
    labels = rng.integers(0, max(2, int(classes)), COUNT)
    logits, jacobian = all_layers.jacobian(model, x, COUNT)
    whole = np.einsum("nck,nc->nk", jacobian, residuals.margin_gradients(logits, labels))
    ends = np.cumsum([int(np.prod(variable.shape)) for variable in model.trainable_variables])
    of = {v.path: g for v, g in zip(model.trainable_variables, np.split(whole, ends[:-1], axis=1), strict=True)}
    network = margin_gradients.network(model, x)
    gradients = []
    for part in network.parts:
        if part.outputs:
            rows = [of[f"{part.name}/{name}"] for name in ("kernel", "bias") if f"{part.name}/{name}" in of]
            gradients.append(np.concatenate(rows, axis=1).reshape(COUNT, part.inputs, part.outputs))
        else:
            gradients.append(of[part.name])
    assert sum(part.size for part in network.parts) == whole.shape[1]
    return network, x, labels, gradients, model


def flat(gradients):
    return np.concatenate([g.reshape(len(g), -1) for g in gradients], axis=1)


def expected_scores(phi, uncertain, ridge):
    """The formula, as it stands."""
    train, targets = phi[:-TARGETS], phi[-TARGETS:]
    mean = np.mean([row @ row for row in train])
    inverse = np.linalg.inv(train.T @ train + ridge * mean * np.eye(phi.shape[1]))
    return targets @ inverse @ train.T * uncertain


def test_features_are_the_kronecker_projections_of_the_gradients(problem):
    network, x, labels, gradients, _ = problem
    drawn = [projections.matrices(network.parts, 24, [7, block]) for block in range(2)]
    found, logits = projections.features(network, x, labels, drawn, BATCH)
    np.testing.assert_allclose(logits, network.model(x), rtol=ROUNDING)
    for block, of_block in zip(found, drawn, strict=True):
        columns = [
            # row-major: the gradient's row is the slower index
            g.reshape(len(g), -1) @ np.kron(*of_part).T if len(of_part) == 2 else g @ of_part[0].T
            for g, of_part in zip(gradients, of_block, strict=True)
        ]
        np.testing.assert_allclose(block, np.concatenate(columns, axis=1), rtol=1e-6, atol=1e-10)
    assert np.abs(found[0] - found[1]).max() > 0.1


def test_a_projection_of_full_size_keeps_all_inner_products(problem):
    network, x, labels, gradients, _ = problem
    size = sum(part.size for part in network.parts)
    drawn = [projections.matrices(network.parts, size, [3])]
    (found,), _ = projections.features(network, x, labels, drawn, BATCH)
    assert found.shape == (COUNT, size)
    assert np.abs(found - flat(gradients)).max() > 0.1
    whole = flat(gradients) @ flat(gradients).T
    np.testing.assert_allclose(found @ found.T, whole, rtol=1e-8, atol=1e-8 * np.abs(whole).max())
    uncertain = np.linspace(0.1, 0.9, COUNT - TARGETS)
    scores = trak.of_features(found[None, :-TARGETS], found[None, -TARGETS:], uncertain, 0.3)
    np.testing.assert_allclose(scores, expected_scores(flat(gradients), uncertain, 0.3), rtol=1e-7)


@pytest.mark.parametrize("budget", [1 << 30, 8 * COUNT * 40])
def test_the_kernel_is_that_of_the_gradients_and_its_scores_the_formula(problem, budget):
    network, x, labels, gradients, _ = problem
    n, phi = COUNT - TARGETS, flat(gradients)
    kernel, _ = trak.kernel(network, x, labels, n, BATCH, budget)
    np.testing.assert_allclose(kernel, phi @ phi[:n].T, rtol=ROUNDING, atol=1e-12)
    rows, _ = trak.kernel(network, x, labels, n, BATCH, budget, first=n)
    np.testing.assert_allclose(rows, kernel[n:], rtol=ROUNDING, atol=1e-12)
    uncertain = np.linspace(0.1, 0.9, n)
    for ridge in (1e-3, 1.0):
        expected = expected_scores(phi, uncertain, ridge)
        np.testing.assert_allclose(trak.of_kernel(kernel, uncertain, ridge), expected, rtol=1e-7, atol=1e-12)


def test_a_small_budget_takes_several_passes(problem):
    network, *_ = problem
    chunks = list(trak._passes(network, 7))
    assert len(chunks) > 2 and len(list(trak._passes(network, 1 << 30))) == 1
    for place, part in enumerate(network.parts):
        taken = [range(first, last) for of_pass in chunks for at, first, last, _ in of_pass if at == place]
        assert sorted(i for one in taken for i in one) == list(range(part.outputs or part.inputs))


def test_batches_change_nothing(problem):
    network, x, labels, *_ = problem
    drawn = [projections.matrices(network.parts, 16, [0])]
    found = [projections.features(network, x, labels, drawn, batch)[0] for batch in (1, COUNT)]
    kernels = [trak.kernel(network, x, labels, 7, batch)[0] for batch in (1, COUNT)]
    for other, other_kernel in zip(found[1:], kernels[1:], strict=True):
        np.testing.assert_allclose(other, found[0], rtol=ROUNDING, atol=1e-12)
        np.testing.assert_allclose(other_kernel, kernels[0], rtol=ROUNDING, atol=1e-12)


def test_order_of_training_points_moves_with_the_scores(problem):
    network, x, labels, *_ = problem
    n, order = COUNT - TARGETS, np.random.default_rng(1).permutation(COUNT - TARGETS)
    uncertain = np.linspace(0.1, 0.9, n)
    scores = trak.of_kernel(trak.kernel(network, x, labels, n, BATCH)[0], uncertain, 1.0)
    moved = np.concatenate([order, np.arange(n, COUNT)])
    again = trak.of_kernel(trak.kernel(network, x[moved], labels[moved], n, BATCH)[0], uncertain[order], 1.0)
    np.testing.assert_allclose(again, scores[:, order], rtol=1e-8, atol=1e-12)


def test_blocks_are_the_mean_of_their_scores_and_more_features_than_points_take_the_kernel():
    rng = np.random.default_rng(0)
    phi, uncertain = rng.normal(size=(3, 20 + TARGETS, 6)), rng.random(20)
    expected = np.mean([expected_scores(block, uncertain, 0.2) for block in phi], axis=0)
    found = trak.of_features(phi[:, :-TARGETS], phi[:, -TARGETS:], uncertain, 0.2)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    few, uncertain = rng.normal(size=(1, 4 + TARGETS, 6)), uncertain[:4]
    found = trak.of_features(few[:, :-TARGETS], few[:, -TARGETS:], uncertain, 0.2)
    np.testing.assert_allclose(found, expected_scores(few[0], uncertain, 0.2), rtol=1e-9)


def test_features_are_taken_some_points_at_a_time_to_the_same_scores(monkeypatch):
    rng = np.random.default_rng(2)
    phi, uncertain = rng.normal(size=(2, 20 + TARGETS, 6)), rng.random(20)
    monkeypatch.setattr(trak, "ROWS", 7)
    found = trak.of_features(phi[:, :-TARGETS], phi[:, -TARGETS:], uncertain, 0.2)
    expected = np.mean([expected_scores(block, uncertain, 0.2) for block in phi], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    # training points as targets, as many at a time as the formula takes
    for i in range(0, 20, TARGETS):
        few = [np.concatenate([block[:-TARGETS], block[i : i + TARGETS]]) for block in phi]
        own = np.mean([expected_scores(block, uncertain, 0.2)[:, i : i + TARGETS] for block in few], axis=0)
        itself = trak.itself_of_features(phi[:, :-TARGETS], uncertain, 0.2)[i : i + TARGETS]
        np.testing.assert_allclose(itself, np.diag(own) * uncertain[i : i + TARGETS], rtol=1e-9)


def test_memory_beside_the_features_does_not_grow_with_the_points():
    def peak(n, scores):
        phi, uncertain = np.ones((1, n, 64), np.float32), np.full(n, 0.5)
        tracemalloc.start()
        scores(phi, uncertain)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = 4 * trak.ROWS, 16 * trak.ROWS
    for scores in (
        lambda phi, uncertain: trak.of_features(phi, phi[:, :1], uncertain, 1.0),
        lambda phi, uncertain: trak.itself_of_features(phi, uncertain, 1.0),
    ):
        # a few numbers a point, the scores themselves, and not a copy of the features, which is 64
        assert peak(many, scores) - peak(few, scores) < (many - few) * 8 * 6


def test_the_kernel_is_copied_once():
    n, kernel = 400, np.diag(np.arange(1.0, 401))
    both = np.concatenate([kernel, kernel[:1]])
    tracemalloc.start()
    trak.of_kernel(both, np.full(n, 0.5), 1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 8 * n * n < peak < 1.2 * 8 * n * n


def test_the_size_is_shared_and_none_is_left_over_where_parts_can_use_it():
    part = margin_gradients.Part
    parts = [part("a", 100, 50, 1), part("b", 5, 0, 1), part("c", 3, 4, 9), part("d", 1000, 0, 1)]
    found = projections.sizes(parts, 512)
    assert found[1:3] == [(5, 0), (3, 4)]
    assert found[0][0] * found[0][1] <= 247 and min(found[0]) == 15
    assert found[3][0] >= 247
    assert sum(i * max(1, o) for i, o in found) <= 512
    assert projections.sizes(parts, 10**6) == [(100, 50), (5, 0), (3, 4), (1000, 0)]


def test_projections_keep_inner_products_on_average():
    part = margin_gradients.Part
    drawn = [projections.matrices([part("a", 6, 5, 1), part("b", 9, 0, 1)], 12, [seed]) for seed in range(2000)]
    for place, sizes in ((0, [3, 2]), (1, [6])):
        for factor, size in enumerate(sizes):
            found = np.stack([block[place][factor] for block in drawn])
            assert found.shape[1] == size
            mean = np.einsum("bki,bkj->ij", found, found) / len(found)
            assert np.abs(mean - np.eye(len(mean))).max() < 0.15


def test_uncertainty_is_exact_where_the_label_is_certain():
    found = trak.uncertainty(np.array([[0.0, 50.0], [0.0, 0.0], [2.0, 0.0]]), np.array([1, 0, 1]))
    np.testing.assert_allclose(found, [np.exp(-50), 0.5, 1 - 1 / (1 + np.exp(2))], rtol=1e-12)


def a_run(problem, settings):
    """What the method reads, of the first points as training points and the others as those asked about."""
    network, x, labels, *_ = problem
    n = COUNT - TARGETS
    queried = SimpleNamespace(x=x[n:], labels=labels[n:])
    logits = np.asarray(network.model(x[:n]))
    settings = {f"trak.{key}": value for key, value in settings.items()}
    settings |= {"influence.batch_size": 3, "influence.matrix_gb": 1e-6}
    return SimpleNamespace(
        model=problem[4], seed=0, x=x[:n], labels=labels[:n], logits=logits, queried=queried, settings=settings,
        point_weights=None,
    )  # fmt: skip


@pytest.mark.parametrize("settings", [{"projection": "none"}, {"projection": 10**6, "blocks": 2, "seed": 0}])
def test_the_method_gives_the_formula_for_the_targets_asked(problem, settings):
    gradients = problem[3]
    run = a_run(problem, settings | {"ridge": 0.5})
    logits = run.logits
    p = 1 / (1 + np.exp(-residuals.margins(logits, run.labels)))
    expected = expected_scores(flat(gradients), 1 - p, 0.5)
    np.testing.assert_allclose(Trak().pairs(run, np.array([2, 0])), expected[[2, 0]], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("settings", [{"projection": "none"}, {"projection": 10**6, "blocks": 2, "seed": 0}])
def test_points_are_the_scores_on_their_own_losses(problem, settings):
    run = a_run(problem, settings | {"ridge": 0.5})
    p = 1 / (1 + np.exp(-residuals.margins(run.logits, run.labels)))
    run.queried = SimpleNamespace(x=run.x, labels=run.labels)
    pairs = Trak().pairs(run, np.arange(len(run.x)))
    np.testing.assert_allclose(Trak().points(run), (1 - p) * np.diag(pairs), rtol=1e-6, atol=1e-12)


def test_squared_lengths_are_the_diagonal_of_the_kernel(problem):
    network, x, labels = problem[:3]
    squares, logits = trak.squares(network, x, labels, 3)
    kernel, expected = trak.kernel(network, x, labels, len(x), 3)
    np.testing.assert_allclose(squares, np.diag(kernel), rtol=1e-5)
    np.testing.assert_allclose(logits, expected)


def test_a_kernel_that_is_too_large_is_refused(problem):
    run = a_run(problem, {"projection": "none", "ridge": 1.0})
    run.settings["influence.matrix_gb"] = 1e-7
    with pytest.raises(ValueError, match=r"kernel of 9 x 7 numbers, 5\.04e-07 GB"):
        Trak().pairs(run, np.array([0, 1]))


def test_a_network_that_does_not_depend_on_its_parameters_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        trak.of_kernel(np.zeros((5, 4)), np.ones(4), 1.0)
