"""TracIn: inner products of gradients at states of the training, with its own learning rates."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.influence import all_layers
from attribution.methods.unrolled import tracin
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
    )


def expected(run, targets, checkpoints, slope):
    """The definition, with gradients of margins or losses by autodiff of the logits."""
    training = replay.of_recipe(run.recipe, run.x, run.labels, CLASSES, run.seed)
    total, begin = np.zeros((len(targets), len(run.x))), 0
    batches = math.ceil(len(run.x) / run.recipe["training"]["batch_size"])
    for place in range(checkpoints):
        end = math.ceil(training.count * (place + 1) / checkpoints)
        state = replay.run(training, np.ones(len(run.x)), None, range(end))
        rate = 0.0
        for number in range(begin, end):
            epoch = number // batches
            step = schedule.learning_rate(run.recipe["training"], epoch)
            warmup = run.recipe["training"].get("warmup", 0)
            rate += step * ((number + 1) / (warmup * batches) if epoch < warmup else 1)
        tracin._put(training.model, state)
        copy = precision.in_float64(training.model)
        g = all_layers.gradients(copy, run.x, run.labels, 64)[1]
        asked = run.queried.x[targets]
        logits, jacobian = all_layers.jacobian(copy, asked, 64)
        of_targets = np.einsum("nck,nc->nk", jacobian, slope(logits, run.queried.labels[targets]))
        total -= rate * (of_targets @ g.T) / len(run.x)
        begin = end
    return total


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
    assert tracin.ends(10, 3) == [4, 7, 10]
    assert tracin.ends(2, 5) == [1, 2]
    np.testing.assert_array_equal(tracin.sums(np.arange(10.0), [4, 7, 10]), [6, 15, 24])
