"""Influence by the kernel and by conjugate gradients against dense solutions; SOURCE against closed forms; damping."""

from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import spearmanr

import curvature_networks
import last_layer_problem
from attribution.curvature import damping, exact, gauss_newton, gradients, network, seeds, segments, source
from attribution.influence import all_layers
from attribution.methods import base, chosen_damping
from attribution.methods.run import Run
from attribution.methods.unrolled import metagradient, metagradient_smooth
from attribution.numerics import hessian, solvers
from attribution.numerics.residuals import probabilities, residuals
from attribution.training import replay, schedule
from attribution.workflow import registry
from helpers import ROOT

CLOSE = {"rtol": 1e-8, "atol": 1e-11}
GIVEN = ROOT.parent / "shared/data/last_layer_bench.npz"
NETWORKS = {
    "mlp, one logit": lambda: curvature_networks.mlp(2),
    "mlp, three logits": lambda: curvature_networks.mlp(3),
    "cnn": curvature_networks.cnn,
    "one layer": curvature_networks.softmax_regression,
}
STEPS = {"steps": 400, "tolerance": 1e-13}


@pytest.fixture(params=NETWORKS, scope="module")
def case(request):
    model, model64, x, y = NETWORKS[request.param]()
    opened = network.opened(model, x)
    logits = network.logits(opened, x)
    passes = network.kept_blocks(opened, x, seeds.roots(logits))
    v = np.random.default_rng(5).normal(size=(4, opened.size))
    return opened, model64, x, y, logits, passes, v


def dense(model64, x, y):
    """(k, k) Gauss-Newton matrix and (n, k) gradients by autodiff."""
    logits, derivative = all_layers.jacobian(model64, x, 8)
    p = probabilities(logits)
    inner = np.einsum("nc,cd->ncd", p, np.eye(p.shape[1])) - np.einsum("nc,nd->ncd", p, p)
    g = np.einsum("nck,nc->nk", derivative, residuals(logits, y))
    return np.einsum("nck,ncd,ndl->kl", derivative, inner, derivative) / len(x), g


@pytest.mark.parametrize("form", gauss_newton.FORMS)
def test_both_forms_are_the_dense_solution(case, form):
    opened, model64, x, y, logits, passes, v = case
    matrix, g = dense(model64, x, y)
    expected = v @ np.linalg.solve(matrix + np.diag(network.decay(opened) + 0.03), g.T) / len(x)
    inverse = gauss_newton.Inverse(opened, passes, logits, y, form)
    answer = gauss_newton.influence(inverse, v, 0.03, **STEPS)
    np.testing.assert_allclose(answer.scores, expected, **CLOSE)
    if form == "conjugate gradients":
        # the first line is K-FAC's own residual, and every target ends below the tolerance
        assert answer.residuals[0].min() > 1e-3 or len(opened.parts) == 1
        assert answer.residuals[-1].max() <= STEPS["tolerance"]
        few = gauss_newton.influence(inverse, v, 0.03, 2, 1e-13)
        assert few.residuals.shape == (3, 4)
        solved = gauss_newton.solve(inverse, v, 0.03, 2, 1e-13).x.T
        left = v - solved @ (matrix + np.diag(network.decay(opened) + 0.03))
        np.testing.assert_allclose(
            few.residuals[-1], np.linalg.norm(left, axis=1) / np.linalg.norm(v, axis=1), rtol=1e-6
        )


def test_the_kernel_in_slices_of_a_layer_is_the_whole_kernel(case, monkeypatch):
    opened, _, _, y, logits, passes, v = case
    inverse = gauss_newton.Inverse(opened, passes, logits, y, "kernel")
    whole = gauss_newton.influence(inverse, v, 0.03, **STEPS).scores
    monkeypatch.setattr("attribution.curvature.dual.SLICE_BYTES", 1)
    sliced = gauss_newton.influence(inverse, v, 0.03, **STEPS).scores
    np.testing.assert_allclose(sliced, whole, rtol=1e-9, atol=1e-13)


def test_the_cheaper_form_is_the_kernel_for_few_samples_and_many_parameters():
    model, _, x, _ = curvature_networks.cnn()
    opened = network.opened(model, x)
    assert gauss_newton.cheaper(opened, 9, 100, 10) == "kernel"
    assert gauss_newton.cheaper(opened, 3000, 4, 10) == "conjugate gradients"
    assert gauss_newton.cheaper(opened, 10**6, 10**9, 10) == "conjugate gradients"


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(partial(last_layer_problem.make, n=1500, m=200, d=24, classes=6), id="made here"),
        pytest.param(
            partial(last_layer_problem.load, GIVEN),
            id=GIVEN.name,
            marks=pytest.mark.skipif(
                not GIVEN.exists(), reason=f"no {GIVEN.name} beside the project: only the problem made here is solved"
            ),
        ),
    ],
)
def test_a_last_layer_is_solved_to_rank_as_the_exact_inverse_in_ten_steps(problem):
    given = problem()
    x, y, points = given.features[:, :-1], given.labels, given.test_features[:40, :-1]
    inputs = keras.Input((x.shape[1],), dtype="float64")
    model = keras.Model(inputs, keras.layers.Dense(given.weights.shape[1], dtype="float64")(inputs))
    model.set_weights([given.weights[:-1], given.weights[-1]])
    opened = network.opened(model, x)
    logits = network.logits(opened, x)
    v = gradients.rows(opened, points, seeds.single(residuals(network.logits(opened, points), given.test_labels[:40])))
    matrix = hessian.hessian_sum(given.features, logits) / len(x)
    g = np.einsum("na,nc->nac", given.features, residuals(logits, y)).reshape(len(x), -1)
    expected = v @ solvers.exact(hessian.factor(matrix, given.decay), g.T) / len(x)
    passes = network.kept_blocks(opened, x, seeds.roots(logits))
    inverse = gauss_newton.Inverse(opened, passes, logits, y, "conjugate gradients")
    ranks = []
    for steps in (1, 5, 10):
        found = gauss_newton.influence(inverse, v, given.decay, steps, 1e-12).scores
        ranks.append(np.mean([spearmanr(a, b)[0] for a, b in zip(found, expected, strict=True)]))
    assert ranks[0] > 0.8 and ranks[1] > 0.98 and ranks[2] >= 0.999


def unrolled(matrix, g, v, time, steps=200_000):
    """(b, n) derivative in a sample's weight of gradient descent on a quadratic, step by step by squaring."""
    rate = time / steps
    once = np.eye(len(matrix)) - rate * matrix
    # after s steps the sum of once^j: (power, summed) of s and of 2 s
    power, summed, count = once, np.eye(len(matrix)), 1
    while count < steps:
        power, summed, count = power @ power, summed + power @ summed, 2 * count
    return v @ summed @ g.T * rate / len(g), count * rate


@pytest.mark.parametrize("form", source.FORMS)
@pytest.mark.parametrize("parts", [1, 3])
def test_source_of_a_quadratic_is_its_gradient_descent(form, parts):
    """At zero weights all predictions are alike: a Kronecker product is the curvature, and nothing is approximated."""
    model, _, x, y = curvature_networks.softmax_regression()
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    opened = network.opened(model, x)
    v = np.random.default_rng(6).normal(size=(3, opened.size))
    weights = [array.numpy() for array in opened.theta]
    matrix, g = dense(model, x, y)
    matrix += np.diag(network.decay(opened))
    if form == "ekfac":
        # penalties that are the same for all parameters are diagonal in any basis
        (only,) = opened.parts
        opened = opened._replace(parts=[only._replace(decay=np.full(only.rows, 0.02))])
        matrix += 0.02 * np.eye(len(matrix)) - np.diag(np.diag(matrix) - np.diag(dense(model, x, y)[0]))
    time = 7.0
    path = source.curved(opened, x, [source.Segment([weights], time / parts)] * parts, form)
    found = source.influence(path, x, y, v, 0.0)
    closed = v @ (np.eye(len(matrix)) - expm(-time * matrix)) @ np.linalg.pinv(matrix) @ g.T / len(x)
    np.testing.assert_allclose(found, closed, rtol=1e-8, atol=1e-10)
    stepped, reached = unrolled(matrix, g, v, time)
    again = source.influence(
        source.curved(opened, x, [source.Segment([weights], reached / parts)] * parts, form), x, y, v, 0.0
    )
    np.testing.assert_allclose(again, stepped, rtol=1e-3, atol=1e-6)


def test_adams_coordinates_are_those_of_a_network_with_other_units(case):
    """Moments c make steps as long as plain ones of rate / sqrt(c); and damping adds to the curvature's diagonal."""
    opened, model64, x, y, _, _, v = case
    weights = [array.numpy() for array in opened.theta]
    for form in source.FORMS:
        plain = source.curved(opened, x, [source.Segment([weights], 2.0 / 0.25)], form)
        moments = np.full(opened.size, 0.25**2)
        adam = source.curved(opened, x, [source.Segment([weights], 2.0, moments, 0.0)], form)
        np.testing.assert_allclose(
            source.influence(adam, x, y, v, 0.1), source.influence(plain, x, y, v, 0.1), rtol=1e-9, atol=1e-12
        )
    # in the exact form moments of each parameter are kept apart
    moments = np.random.default_rng(7).uniform(0.01, 0.1, opened.size)
    path = source.curved(opened, x, [source.Segment([weights], 2.0, moments, 0.0)], "exact")
    matrix, g = dense(model64, x, y)
    matrix = np.diag(moments**-0.5) @ (matrix + np.diag(network.decay(opened) + 0.1))
    answer = np.linalg.solve(matrix, np.eye(len(matrix)) - expm(-2.0 * matrix)) @ np.diag(moments**-0.5)
    np.testing.assert_allclose(source.influence(path, x, y, v, 0.1), v @ answer @ g.T / len(x), rtol=1e-7, atol=1e-10)


def test_without_end_source_is_gauss_newton_influence(case):
    opened, model64, x, y, _, _, v = case
    matrix, g = dense(model64, x, y)
    weights = [array.numpy() for array in opened.theta]
    path = source.curved(opened, x, [source.Segment([weights], 1e5)], "exact")
    expected = v @ np.linalg.solve(matrix + np.diag(network.decay(opened) + 0.1), g.T) / len(x)
    np.testing.assert_allclose(source.influence(path, x, y, v, 0.1), expected, **CLOSE)


def test_segments_are_equal_spans_of_the_training_and_its_rates():
    training = {
        "optimizer": "sgd", "learning_rate": 0.5, "momentum": 0.9, "epochs": 4, "batch_size": 5, "warmup": 1,
        "schedule": [{"epoch": 2, "factor": 0.1}],
    }  # fmt: skip
    rates = schedule.reaches(training, 13)
    np.testing.assert_allclose(rates, np.r_[5 / 3, 10 / 3, 5, 5, 5, 5, np.full(6, 0.5)])
    assert segments.places(12, 3, 2) == [[2, 4], [6, 8], [10, 12]]
    with pytest.raises(ValueError, match="12 segments of 2 checkpoints, but the training has 12 steps"):
        segments.places(12, 12, 2)
    assert segments.places(13, 2, 2) == [[3, 6], [10, 13]]
    model, _, x, y = curvature_networks.mlp(3)
    for optimizer in ("sgd", "adam"):
        training = replay.of_model(model, setting := training_of(optimizer), x, y, 0)
        first, second = segments.of_replay(training, setting, 2, 1)
        rates = schedule.reaches(setting, len(x))
        assert [first.time, second.time] == pytest.approx([rates[:9].sum(), rates[9:].sum()])
        end = replay.run(training, np.ones(len(x)))
        for found, expected in zip(second.checkpoints[0], end.theta, strict=True):
            np.testing.assert_array_equal(found, expected.numpy())
        if optimizer == "sgd":
            assert second.moments is None
        else:
            expected = network.flat(end.second) / (1 - 0.999**18)
            np.testing.assert_allclose(second.moments, expected, rtol=1e-6)


def training_of(optimizer):
    return {
        "optimizer": optimizer, "learning_rate": 0.01, "momentum": 0.0, "epochs": 6, "batch_size": 5, "schedule": [],
    }  # fmt: skip


def test_damping_is_the_value_in_its_unit_and_the_best_of_a_grid():
    assert damping.value({"mode": "absolute", "value": 0.2}, 30.0, 10, 6) == 0.2
    assert damping.value({"mode": "relative", "value": 0.2}, 30.0, 10, 6) == pytest.approx(0.6)
    assert damping.value({"mode": "kernel", "value": 0.2}, 30.0, 10, 6) == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"curvature\.damping\.mode is 'trajectory'"):
        damping.value({"mode": "trajectory", "value": 1.0}, 30.0, 10, 6)
    rng = np.random.default_rng(8)
    g = rng.normal(size=(30, 6)) * np.array([10, 3, 1, 0.3, 0.1, 0.03])
    v, matrix = rng.normal(size=(4, 6)), g.T @ g / 30

    def influence(value):
        return v @ np.linalg.solve(matrix + value * np.eye(6), g.T)

    for place in (0, 3, 8, len(damping.GRID) - 1):
        found, tried = damping.best(influence, influence(damping.GRID[place] * 2.0) * 5 + 1, 2.0)
        assert found == damping.GRID[place] * 2.0 and max(tried.values()) == pytest.approx(1.0)
        assert len(tried) <= len(damping.GRID) // 2 + 3
    assert damping.agreement(np.ones((2, 5)), rng.normal(size=(2, 5))) == 0.0


class Given(SimpleNamespace):
    """What methods read of a run, and how a run asks about its targets."""

    slopes = Run.slopes


@pytest.fixture(scope="module")
def run():
    """A run with what these methods read of it, trained by a replay of its recipe."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=(24, 2)).astype("float32")
    y = (x[:, 0] > 0).astype(int)
    recipe = {"architecture": "mlp", "hidden": [6], "dropout": 0.0, "l1": 0.0, "l2": 0.01}
    recipe["training"] = training_of("adam") | {"learning_rate": 0.05}
    training = replay.of_recipe(recipe, x, y, 2, 0)
    for variable, value in zip(
        training.model.trainable_variables, replay.run(training, np.ones(24)).theta, strict=True
    ):
        variable.assign(value)
    settings = {
        "curvature.precision": "float64", "curvature.factors": "weighted",
        "curvature.damping": {"mode": "kernel", "value": 1.0, "targets": 3}, "unrolled.betas": [100.0],
        "curvature.cg": {"tolerance": 1e-10, "max_iterations": 100},
        "curvature.source": {"segments": 2, "checkpoints": 2},
    }  # fmt: skip
    points = rng.normal(size=(5, 2)).astype("float32")
    queried = SimpleNamespace(x=points, labels=(points[:, 0] > 0).astype(int))
    return Given(
        x=x, labels=y, model=training.model, recipe=recipe, seed=0, classes=2, tested=True, settings=settings, facts={},
        queried=queried, point_weights=None,
    )  # fmt: skip


def leave_one_out(run, targets):
    """(t, n) fall of the targets' margins when each point leaves the training."""
    training = replay.of_recipe(run.recipe, run.x, run.labels, 2, 0)

    def margins(weights):
        logits = training.outputs(replay.run(training, weights), run.queried.x[targets])[:, 0]
        return np.where(run.queried.labels[targets] == 1, logits, -logits)

    whole = margins(np.ones(len(run.x)))
    return np.stack([whole - margins(1.0 - np.eye(len(run.x))[i]) for i in range(len(run.x))], axis=1)


def with_settings(run, **settings):
    changed = {f"curvature.{key}": value for key, value in settings.items()}
    return Given(**vars(run) | {"settings": run.settings | changed, "facts": {}})


@pytest.mark.parametrize("name", ["kfac", "ekfac", "gauss-newton", "source"])
def test_methods_tell_by_how_much_a_margin_falls_when_a_point_leaves(run, name):
    targets = np.array([3, 0, 2, 4])
    method = base.resolve(registry.METHODS[name])
    assert (method.unit, registry.told(name, "unit")) == ("margin", "margin")
    here = with_settings(run)
    found = method.pairs(here, targets)
    assert found.shape == (4, 24) and here.facts["damping"] == pytest.approx(here.facts["trace"] / 24)
    np.testing.assert_allclose(method.pairs(with_settings(run), targets[::-1])[::-1], found, rtol=1e-7, atol=1e-12)
    # an estimate, but of this: same sign and order
    truth = leave_one_out(run, targets)
    assert np.mean([spearmanr(a, b)[0] for a, b in zip(found, truth, strict=True)]) > 0.4


@pytest.mark.slow
def test_the_trajectory_chooses_the_damping_that_agrees_best_with_its_derivative(run):
    targets, method = np.array([3, 0, 2, 4]), base.resolve(registry.METHODS["kfac"])
    settings = run.settings["curvature.damping"] | {"mode": "trajectory"}
    chosen = with_settings(run, damping=settings)
    method.pairs(chosen, targets)
    grid = damping.GRID * chosen.facts["trace"] / 24
    assert np.isclose(grid, chosen.facts["damping"]).any() and chosen.facts["damping_mode"] == "trajectory"
    # none of the dampings agrees better with what the training's derivative says of the first, a middle and the last
    few = np.array([3, 2, 4])
    reference = chosen_damping.derivative(run, few)
    for value in (chosen.facts["damping"], grid[2], grid[8]):
        fixed = with_settings(run, damping=settings | {"mode": "absolute", "value": float(value)})
        agreed = damping.agreement(method.pairs(fixed, few), reference)
        assert agreed <= chosen.facts["damping_agreement"] + 1e-9
        if value == chosen.facts["damping"]:
            assert agreed == pytest.approx(chosen.facts["damping_agreement"], abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["source", "kfac", "metagradient-smooth"])
def test_of_a_network_that_was_never_trained(run, name):
    """A method of the training's path says 0, one of the network's gradients is a control like any other."""
    recipe = run.recipe | {"training": run.recipe["training"] | {"epochs": 0}}
    fresh = Given(**vars(run) | {"recipe": recipe, "model": replay.of_recipe(recipe, run.x, run.labels, 2, 0).model,
                                 "facts": {}, "work": None})  # fmt: skip
    found = base.resolve(registry.METHODS[name]).pairs(fresh, np.array([3, 0]))
    assert found.shape == (2, 24)
    assert found.any() == (name == "kfac") and np.isfinite(found).all()


def test_each_beta_s_training_is_run_forwards_once_and_what_was_tried_counts(run, monkeypatch, tmp_path):
    monkeypatch.setattr(metagradient_smooth, "TRIED", 2)
    grown, walked, asked = {50.0: 1.01, 10.0: 1.0, 5.0: 9.0}, [], []

    def derivative(run, targets, beta, work, path=None):
        asked.append((beta, len(targets), work.name, path))
        return beta + targets[:, None] * np.ones(24), np.full(len(targets), grown[beta])

    monkeypatch.setattr(metagradient, "walked", lambda run, beta: walked.append(beta) or f"path {beta:g}")
    monkeypatch.setattr(metagradient, "derivative", derivative)
    first = [(50.0, 2, "tried-50", "path 50")]
    for betas, more, beta in (
        ([50.0, 10.0, 5.0], [(10.0, 2, "tried-10", "path 10"), (10.0, 2, "rest-10", "path 10")], 10.0),
        # the last one counts untried, so all its targets are asked at once
        ([50.0, 5.0], [(5.0, 4, "last-5", None)], 5.0),
    ):
        walked.clear(), asked.clear()
        here = Given(**vars(run) | {"settings": {"unrolled.betas": betas}, "facts": {}, "work": tmp_path})
        found = metagradient_smooth.MetagradientSmooth().pairs(here, np.array([3, 0, 2, 4]))
        assert asked == first + more and walked == betas[: len(betas) - 1]
        np.testing.assert_array_equal(found[:, 0], beta + np.array([3, 0, 2, 4]))
        assert here.facts == {"growth": grown[beta], "beta": beta}


def test_targets_of_training_are_asked_for_their_losses(run):
    """Positive = helpful: what leaves raises the loss; of the gradient's sign nothing is left to chance."""
    own = Given(**vars(run) | {"tested": False, "queried": SimpleNamespace(x=run.x, labels=run.labels)})
    found = base.resolve(registry.METHODS["gauss-newton"]).pairs(own, np.arange(24))
    assert (np.diag(found) > 0).all()
    opened = network.opened(run.model, run.x)
    logits = network.logits(opened, run.x)
    assert own.facts["solver"] in gauss_newton.FORMS
    full = exact.matrix(opened, network.blocks(opened, run.x, seeds.roots(logits)), 24)
    full += np.diag(network.decay(opened) + own.facts["damping"])
    g = gradients.rows(opened, run.x, seeds.single(residuals(logits, run.labels)))
    np.testing.assert_allclose(found, g @ np.linalg.solve(full, g.T) / 24, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", ["kfac", "ekfac", "gauss-newton", "source", "metagradient"])
def test_points_are_what_each_point_s_own_loss_owes_to_it(run, name, monkeypatch):
    of_training = vars(run) | {"tested": False, "queried": SimpleNamespace(x=run.x, labels=run.labels), "work": None}
    method = base.resolve(registry.METHODS[name])
    whole = method.pairs(Given(**of_training | {"facts": {}}), np.arange(24))
    # in blocks as in one
    monkeypatch.setattr(network, "TARGETS", 7)
    found = method.points(Given(**of_training | {"facts": {}}))
    np.testing.assert_allclose(found, np.diag(whole), rtol=1e-6, atol=1e-12)
    assert (found > 0).all() or name == "metagradient"
