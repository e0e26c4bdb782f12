"""TracIn: inner products of gradients at states of the training, with its own learning rates."""

from types import SimpleNamespace

import numpy as np
import pytest

from attribution.influence import all_layers
from attribution.methods.boundary.margin import against_label
from attribution.methods.unrolled import metagradient, tracin
from attribution.methods.unrolled.area_under_margin import AreaUnderMargin
from attribution.networks import precision
from attribution.numerics import residuals
from attribution.training import replay, schedule
from trained_discs import RECIPE, TRAINING

pytestmark = pytest.mark.slow

N, T, CLASSES = 30, 5, 2
RECIPES = {
    "adam": RECIPE | {"hidden": [6], "training": TRAINING | {"epochs": 5, "schedule": [{"epoch": 2, "factor": 0.1}]}},
    "sgd": RECIPE
    | {
        "hidden": [6],
        "training": TRAINING
        | {"optimizer": "sgd", "momentum": 0.5, "epochs": 4, "batch_size": 7, "warmup": 2, "schedule": []},
    },
}


@pytest.fixture(params=["adam", "sgd"])
def run(request):
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(N + T, 2)).astype(np.float32), rng.integers(0, CLASSES, N + T)
    return SimpleNamespace(
        recipe=RECIPES[request.param],
        seed=3,
        classes=CLASSES,
        x=x[:N],
        labels=labels[:N],
        tested=True,
        queried=SimpleNamespace(x=x[N:], labels=labels[N:]),
        settings={"unrolled.checkpoints": 3, "influence.batch_size": 4},
        point_weights=None,
        slopes=lambda logits, targets: -residuals.margin_gradients(logits, labels[N:][targets]),
    )


def expected(run, targets, checkpoints, slope):
    """The definition, with gradients of margins or losses by autodiff of the logits."""
    training = replay.of_recipe(run.recipe, run.x, run.labels, CLASSES, run.seed)
    total, begin = np.zeros((len(targets), len(run.x))), 0
    batches = -(-len(run.x) // run.recipe["training"]["batch_size"])
    for place in range(checkpoints):
        end = round(training.count * (place + 1) / checkpoints)
        state = replay.run(training, np.ones(len(run.x)), None, range(end))
        rate = 0.0
        for number in range(begin, end):
            epoch = number // batches
            step = schedule.learning_rate(run.recipe["training"], epoch)
            warmup = run.recipe["training"].get("warmup", 0)
            rate += step * ((number + 1) / (warmup * batches) if epoch < warmup else 1)
        replay.assign(training.model, state)
        copy = precision.in_float64(training.model)
        g = all_layers.gradients(copy, run.x, run.labels, 64)[1]
        asked = run.queried.x[targets]
        logits, jacobian = all_layers.jacobian(copy, asked, 64)
        of_targets = np.einsum("nck,nc->nk", jacobian, slope(logits, run.queried.labels[targets]))
        total -= rate * (of_targets @ g.T) / len(run.x)
        begin = end
    # a step's velocity goes on moving the parameters
    return total / (1 - (run.recipe["training"]["momentum"] or 0.0))


def test_it_is_the_weighted_sum_over_checkpoints(run):
    targets = np.array([4, 1])
    found = tracin.TracIn().pairs(run, targets)
    np.testing.assert_allclose(found, expected(run, targets, 3, residuals.margin_gradients), rtol=1e-3, atol=1e-7)


def test_targets_of_the_training_set_are_asked_about_their_loss(run):
    run.queried, run.tested = run, False
    targets = np.array([11, 2])
    found = tracin.TracIn().pairs(run, targets)
    loss = expected(run, targets, 3, lambda *of: -residuals.residuals(*of))
    np.testing.assert_allclose(found, loss, rtol=1e-3, atol=1e-7)
    assert (found[[0, 1], targets] > 0).all()
    np.testing.assert_allclose(tracin.TracIn().points(run)[targets], found[[0, 1], targets], rtol=1e-5)


def test_stretches_are_equal_and_end_with_the_training():
    assert schedule.ends(10, 3) == [3, 7, 10]
    assert schedule.ends(2, 5) == [1, 2]
    np.testing.assert_array_equal(schedule.sums(np.arange(10.0), [4, 7, 10]), [6, 15, 24])


def test_a_step_reaches_as_far_as_its_velocity_carries_it():
    setting = {"optimizer": "sgd", "learning_rate": 0.5, "momentum": 0.9, "epochs": 200, "batch_size": 64,
               "schedule": [{"epoch": 150, "factor": 0.1}]}  # fmt: skip
    place, velocity = 0.0, 0.0
    for step in range(200):
        # a gradient of 1 in the first step alone; the closed form of a geometric series
        velocity = 0.9 * velocity - schedule.step_rate(setting, step, 1) * (step == 0)
        place += velocity
    found = schedule.reaches(setting, 30)
    assert len(found) == 200
    assert found[0] == pytest.approx(-place, rel=1e-6)
    assert found[199] == pytest.approx(0.05 / (1 - 0.9))
    assert schedule.reaches(setting | {"optimizer": "adam"}, 65)[299:301] == pytest.approx([0.5, 0.05])


def test_of_one_batch_and_small_steps_it_is_the_derivative_of_the_training(run):
    if run.recipe["training"]["optimizer"] != "sgd":
        pytest.skip("Adam's steps are no plain descent")
    setting = TRAINING | {
        "optimizer": "sgd", "learning_rate": 1e-3, "momentum": 0.5, "epochs": 40, "batch_size": N, "schedule": [],
    }  # fmt: skip
    run.recipe = RECIPE | {"hidden": [6], "dropout": 0.0, "training": setting}
    run.settings["unrolled.checkpoints"] = 20
    targets = np.arange(T)
    found = tracin.TracIn().pairs(run, targets)
    exact, _ = metagradient.derivative(run, targets, 0.0, None)
    # a point that weighs more leaves less for the others of its batch
    found -= found.mean(axis=1, keepdims=True)
    # the velocity that is left at the end was not yet taken: about one step of forty
    assert (found * exact).sum() / (exact**2).sum() == pytest.approx(1, abs=0.06)
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.999


def test_a_network_that_was_never_trained_owes_nothing_to_any_point(run):
    run.recipe = run.recipe | {"training": run.recipe["training"] | {"epochs": 0}}
    assert not tracin.TracIn().pairs(run, np.array([4, 1])).any()
    assert not tracin.TracIn().points(run).any()
    margins = replay.of_recipe(run.recipe, run.x, run.labels, CLASSES, run.seed)
    at_start = against_label(margins.outputs(margins.start, run.x), run.labels)
    np.testing.assert_array_equal(AreaUnderMargin().points(run), at_start)
