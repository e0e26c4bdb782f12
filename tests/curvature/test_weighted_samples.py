"""Weights of classes in all layers: a sample of weight 2 is the sample twice, in curvature, influence and methods."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from scipy.linalg import expm

import curvature_networks
from attribution.curvature import (
    damping,
    eigenvalues,
    exact,
    gauss_newton,
    gradients,
    kronecker,
    network,
    seeds,
    source,
)
from attribution.files import hdf5
from attribution.influence import all_layers, all_layers_files, inverse_files, removal_all_layers
from attribution.influence import points as influence
from attribution.methods import base
from attribution.methods.run import Run
from attribution.networks import penalties
from attribution.numerics.residuals import margin_gradients, residuals
from attribution.training import class_weights
from attribution.workflow import registry

pytestmark = pytest.mark.slow

CLOSE = {"rtol": 1e-8, "atol": 1e-11}
WEIGHTS = [1.0, 3.0, 2.0]
NETWORKS = {
    "mlp, one logit": lambda: curvature_networks.mlp(2),
    "mlp, three logits": lambda: curvature_networks.mlp(3),
    "cnn": curvature_networks.cnn,
}


class Case:
    """A network opened, its samples with weights, and the same samples as often as they weigh."""

    def __init__(self, name: str):
        self.model, self.model64, self.x, self.y = NETWORKS[name]()
        self.opened = network.opened(self.model, self.x)
        self.logits = network.logits(self.opened, self.x)
        self.weights = class_weights.of_labels(self.y, WEIGHTS)
        self.rows = np.repeat(np.arange(len(self.y)), self.weights.astype(int))
        self.n, self.count = len(self.y), len(self.rows)
        assert self.count > self.n

    def passes(self):
        return network.kept_blocks(self.opened, self.x, seeds.roots(self.logits, self.weights))

    def repeated(self):
        return network.kept_blocks(self.opened, self.x[self.rows], seeds.roots(self.logits[self.rows]))

    def sums(self):
        """(k, k) summed Gauss-Newton matrix and (n, k) gradients, weighted, from those of each sample alone."""
        matrix = exact.matrix(self.opened, self.repeated()(), 1)
        g = gradients.rows(self.opened, self.x, seeds.single(residuals(self.logits, self.y)))
        return matrix, g * self.weights[:, None]


@pytest.fixture(params=NETWORKS, scope="module")
def case(request):
    return Case(request.param)


def test_curvature_is_that_of_repeated_samples(case):
    matrix, g = case.sums()
    np.testing.assert_allclose(exact.matrix(case.opened, case.passes()(), 1), matrix, **CLOSE)
    assert damping.trace(case.passes()(), 1) == pytest.approx(np.trace(matrix), rel=1e-10)
    u = seeds.weights_of_residuals(case.logits, case.y, case.weights)
    each = np.stack([np.eye(case.n) * u[:, c] for c in range(u.shape[1])])
    np.testing.assert_allclose(gradients.gathered(case.opened, case.passes()(), each), g, **CLOSE)


@pytest.mark.parametrize("form", kronecker.FORMS)
def test_kronecker_factors_and_eigenvalues_are_those_of_repeated_samples(case, form):
    ours = kronecker.factors(case.opened, case.passes()(), case.n, form, case.weights)
    theirs = kronecker.factors(case.opened, case.repeated()(), case.count, form)
    for one, other in zip(ours, theirs, strict=True):
        # means are over n weighted losses and over as many as the weights say
        np.testing.assert_allclose(np.kron(one.a, one.b) * case.n, np.kron(other.a, other.b) * case.count, **CLOSE)
    basis = eigenvalues.basis(theirs)
    for one, other in zip(
        eigenvalues.eigenvalues(case.opened, case.passes()(), basis, case.n),
        eigenvalues.eigenvalues(case.opened, case.repeated()(), basis, case.count), strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(one * case.n, other * case.count, **CLOSE)


@pytest.mark.parametrize("form", gauss_newton.FORMS)
def test_gauss_newton_influence_is_that_of_the_weighted_objective(case, form):
    matrix, g = case.sums()
    v = np.random.default_rng(5).normal(size=(4, case.opened.size))
    damped = matrix / case.n + np.diag(network.decay(case.opened) + 0.03)
    inverse = gauss_newton.Inverse(case.opened, case.passes(), case.logits, case.y, form, "plain", case.weights)
    answer = gauss_newton.influence(inverse, v, 0.03, 400, 1e-13)
    np.testing.assert_allclose(answer.scores, v @ np.linalg.solve(damped, g.T) / case.n, **CLOSE)


@pytest.mark.parametrize("form", source.FORMS)
def test_source_is_that_of_the_weighted_objective(case, form):
    matrix, g = case.sums()
    v = np.random.default_rng(6).normal(size=(3, case.opened.size))
    segment = source.Segment([[array.numpy() for array in case.opened.theta]], 2.0)
    path = source.curved(case.opened, case.x, [segment], form, weights=case.weights)
    found = source.influence(path, case.x, case.y, v, 0.1, weights=case.weights)
    if form == "exact":
        damped = matrix / case.n + np.diag(network.decay(case.opened) + 0.1)
        answer = np.linalg.solve(damped, np.eye(len(matrix)) - expm(-2.0 * damped))
        np.testing.assert_allclose(found, v @ answer @ g.T / case.n, rtol=1e-7, atol=1e-10)
        return
    # the objective without penalties, n / count times that of the repeated samples, so that steps are longer there
    bare = case.opened._replace(parts=[part._replace(decay=0 * part.decay) for part in case.opened.parts])
    path = source.curved(bare, case.x, [segment], form, weights=case.weights)
    found = source.influence(path, case.x, case.y, v, 0.1, weights=case.weights)
    longer = source.curved(bare, case.x[case.rows], [segment._replace(time=2.0 * case.count / case.n)], form)
    again = source.influence(longer, case.x[case.rows], case.y[case.rows], v, 0.1 * case.n / case.count)
    expected = np.stack([again[:, case.rows == i].sum(axis=1) for i in range(case.n)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-10)


def test_hessian_of_all_layers_is_that_of_repeated_samples(case):
    ours = all_layers.hessian(case.model64, case.x, case.y, 4, weights=case.weights)
    theirs = all_layers.hessian(case.model64, case.x[case.rows], case.y[case.rows], 4)
    np.testing.assert_allclose(ours * case.n, theirs * case.count, **CLOSE)
    trace = all_layers.gauss_newton_trace(case.model64, case.x, 4, case.weights)
    repeated = all_layers.gauss_newton_trace(case.model64, case.x[case.rows], 4)
    assert trace * case.n == pytest.approx(repeated * case.count, rel=1e-10)


@pytest.fixture
def files(case, tmp_path):
    """data.h5, model.keras, and gradients.h5 of all layers with weights."""
    found = {
        name: str(tmp_path / f"{name}.{end}") for name, end in (("data", "h5"), ("model", "keras"), ("gradients", "h5"))
    }
    x, y = case.x, case.y
    hdf5.write(
        found["data"], {"x_train": x, "y_train": y, "x_test": x[:3], "y_test": y[:3]}, {"class_names": list("abc")}
    )
    case.model.save(found["model"])
    arrays = all_layers_files.gradient_arrays(case.model, x, y, x[:3], y[:3], 4, case.weights)
    hdf5.write(found["gradients"], arrays, {})
    return found


@pytest.mark.parametrize("solver", ["exact", "cg"])
def test_files_of_all_layers_are_of_the_weighted_objective(case, files, tmp_path, solver):
    h, r, of_test = hdf5.read(files["gradients"], "features_train", "residuals_train", "residuals_test")
    g = all_layers.gradients(case.model64, case.x, case.y, 4)[1]
    np.testing.assert_allclose(influence.gradients(h, r), g * case.weights[:, None], **CLOSE)
    np.testing.assert_array_equal(of_test, 1)
    np.testing.assert_array_equal(class_weights.stored(files["gradients"]), case.weights)
    _, decay, _ = penalties.derivatives(case.model64.trainable_variables)
    matrix = all_layers.hessian(case.model64, case.x[case.rows], case.y[case.rows], 4) * case.count / case.n
    matrix += np.diag(decay)
    chosen = {"mode": "floor", "value": 1e-1}
    arrays, facts = all_layers_files.hessian_arrays(files, solver, 4, chosen)
    trace = damping.trace(case.passes()(), case.n) + decay.sum()
    assert facts["trace"] == pytest.approx(trace, rel=1e-8)
    assert facts["smallest_eigenvalue"] == pytest.approx(np.linalg.eigvalsh(matrix)[0], rel=1e-6, abs=1e-9)
    files = files | {"hessian": str(tmp_path / "hessian.h5")}
    hdf5.write(files["hessian"], arrays, facts | {"scope": "all_layers", "batch_size": 4})
    solve = inverse_files.open_inverse(files, {"tolerance": 1e-11, "max_iterations": 4000})
    b = np.random.default_rng(0).normal(size=(len(matrix), 2))
    damped = matrix + facts["damping"] * np.eye(len(matrix))
    np.testing.assert_allclose(solve(b), np.linalg.solve(damped, b), rtol=1e-6, atol=1e-7)


def test_groups_leave_the_weighted_objective_in_all_layers(case):
    _, g = case.sums()
    n, members = case.n, np.array([0, 2, 3])
    mask = ~np.isin(np.arange(n), members)
    _, decay, slope = penalties.derivatives(case.model64.trainable_variables)
    (found,) = removal_all_layers.group_steps(case.model64, case.x, case.y, 0.2, mask[None], 4, weights=case.weights)

    def curvature(chosen):
        rows = case.rows[np.isin(case.rows, chosen)]
        blocks = network.blocks(case.opened, case.x[rows], seeds.roots(case.logits[rows]))
        return exact.matrix(case.opened, blocks, 1) + len(chosen) * np.diag(decay)

    damped = curvature(np.arange(n)) / n + 0.2 * np.eye(len(decay))
    left = g[members].sum(axis=0) + len(members) * slope
    np.testing.assert_allclose(found["first-order"], np.linalg.solve(damped, left) / n, **CLOSE)
    np.testing.assert_allclose(found["newton"], np.linalg.solve(n * damped - curvature(members), left), **CLOSE)
    alone = sum(
        np.linalg.solve(damped - (curvature([i]) - np.diag(decay)) / n, g[i]) for i in members
    ) + np.linalg.solve(damped, len(members) * slope)
    np.testing.assert_allclose(found["rescaled"], alone / n, **CLOSE)
    # of the predictions of margins and losses, whose targets are not weighted
    slopes = gradients.rows(case.opened, case.x[:4], seeds.single(margin_gradients(case.logits[:4], case.y[:4])))
    more = (case.model, case.x, case.y, 0.2, case.x[:4], case.y[:4], mask[None], 4)
    falls = removal_all_layers.margin_falls(*more, "newton", False, case.weights)
    np.testing.assert_allclose(falls[0], -slopes @ found["newton"], **CLOSE)
    losses = removal_all_layers.group_predictions(*more, weights=case.weights)
    of_loss = gradients.rows(case.opened, case.x[:4], seeds.single(residuals(case.logits[:4], case.y[:4])))
    np.testing.assert_allclose(losses[removal_all_layers.FAMILY.index("newton"), 0], of_loss @ found["newton"], **CLOSE)


class Given(SimpleNamespace):
    """What methods read of a run, and how a run asks about its targets."""

    slopes = Run.slopes


def run_of(case, rows, tested, weights, factors="weighted"):
    settings = {
        "curvature.precision": "float64", "curvature.factors": factors, "curvature.cg": {
            "tolerance": 1e-12, "max_iterations": 300}, "influence.batch_size": 4, "influence.matrix_gb": 1.0,
        "trak.projection": "none", "trak.ridge": 0.5, "trak.seed": 0, "trak.blocks": 2,
        "curvature.damping": {"mode": "absolute", "value": 0.1, "targets": 3},
    }  # fmt: skip
    found = Given(
        x=case.x[rows], labels=case.y[rows], logits=case.logits[rows], model=case.model64, tested=tested, seed=0,
        settings=settings, facts={}, point_weights=weights, features=np.zeros(1),
    )  # fmt: skip
    found.queried = SimpleNamespace(x=case.x[:4], labels=case.y[:4]) if tested else found
    return found


def without_penalties(case):
    """The same network without penalties, so that objectives of other numbers of points differ by a factor alone."""

    def bare(layer):
        config = layer.get_config()
        return type(layer).from_config(
            config | ({"kernel_regularizer": None} if "kernel_regularizer" in config else {})
        )

    found = keras.models.clone_model(case.model64, clone_function=bare)
    found.set_weights(case.model64.get_weights())
    return SimpleNamespace(**vars(case) | {"model64": found})


@pytest.mark.parametrize("name", ["kfac", "ekfac", "gauss-newton", "network-gradient-dot"])
@pytest.mark.parametrize("classes", [2, 3])
def test_methods_credit_a_sample_with_all_its_repetitions(name, classes):
    case = without_penalties(Case({2: "mlp, one logit", 3: "mlp, three logits"}[classes]))
    method, targets, everyone = base.resolve(registry.METHODS[name]), np.arange(4), np.arange(case.n)
    damped = {"mode": "absolute", "value": 0.1 * case.n / case.count, "targets": 3}
    # plain factors of inputs have the weights from nowhere else
    factors = "plain" if name == "kfac" else "weighted"
    ours, theirs = (
        run_of(case, everyone, True, case.weights, factors), run_of(case, case.rows, True, None, factors)
    )  # fmt: skip
    theirs.settings["curvature.damping"] = damped
    found, repeated = method.pairs(ours, targets), method.pairs(theirs, targets)
    summed = np.stack([repeated[:, case.rows == i].sum(axis=1) for i in range(case.n)], axis=1)
    np.testing.assert_allclose(found, summed, rtol=1e-5, atol=1e-9 * np.abs(summed).max())
    # of training points the derivative of their own term is asked, so that pairs are symmetric
    pairs = method.pairs(run_of(case, everyone, False, case.weights, factors), everyone)
    np.testing.assert_allclose(pairs, pairs.T, rtol=1e-5, atol=1e-8 * np.abs(pairs).max())
    plain = run_of(case, case.rows, False, None, factors)
    plain.settings["curvature.damping"] = damped
    first = np.array([np.flatnonzero(case.rows == i)[0] for i in everyone])
    alone = method.pairs(plain, first)[:, first]
    np.testing.assert_allclose(
        pairs, alone * np.outer(case.weights, case.weights), rtol=1e-5, atol=1e-8 * np.abs(pairs).max()
    )
    if hasattr(method, "points"):
        itself = method.points(run_of(case, everyone, False, case.weights, factors))
        np.testing.assert_allclose(itself, np.diag(pairs), rtol=1e-5)


@pytest.mark.parametrize("projection", ["none", 20])
def test_trak_credits_a_sample_with_all_its_repetitions(case, projection):
    method, targets = base.resolve(registry.METHODS["trak"]), np.arange(4)
    ours, theirs = run_of(case, np.arange(case.n), True, case.weights), run_of(case, case.rows, True, None)
    for run in (ours, theirs):
        run.settings["trak.projection"] = projection
    # the ridge is relative to a mean over points
    theirs.settings["trak.ridge"] = 0.5 * case.count / case.n
    found, repeated = method.pairs(ours, targets), method.pairs(theirs, targets)
    summed = np.stack([repeated[:, case.rows == i].sum(axis=1) for i in range(case.n)], axis=1)
    np.testing.assert_allclose(found, summed, rtol=1e-6, atol=1e-10)
    first = np.array([np.flatnonzero(case.rows == i)[0] for i in range(case.n)])
    np.testing.assert_allclose(method.points(ours), method.points(theirs)[first] * case.weights**2, rtol=1e-6)


def test_the_method_of_groups_in_all_layers_is_of_the_weighted_objective(case):
    kept, targets = np.arange(case.n)[None] > 2, np.arange(4)
    run = run_of(case, np.arange(case.n), True, case.weights)
    found = base.resolve(registry.METHODS["newton-all-layers"]).falls(run, targets, kept)
    more = (case.model, case.x, case.y, 0.1, case.x[:4], case.y[:4], kept, 4, "newton", False)
    np.testing.assert_allclose(found, removal_all_layers.margin_falls(*more, case.weights), **CLOSE)
