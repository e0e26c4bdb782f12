"""Networks trained with weights of classes: by Keras, many at once, replayed, and what jobs store of them."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import cache_gradients
import read_factors
import train_model
from attribution.curvature import damping, gradients, network, seeds, segments, source
from attribution.files import hdf5
from attribution.influence import all_layers, features
from attribution.methods import base
from attribution.methods.run import Run
from attribution.methods.unrolled import tracin
from attribution.networks import build as models
from attribution.networks import precision
from attribution.numerics.residuals import margin_gradients, residuals
from attribution.retraining import folds
from attribution.training import class_weights, ensemble, metagradient, replay
from attribution.training import train as training
from attribution.workflow import registry

pytestmark = pytest.mark.slow

STEPS = {"rtol": 2e-3, "atol": 2e-5}  # float32, two orders of summation
N = 30
ADAM = {"optimizer": "adam", "learning_rate": 1e-2, "momentum": 0.0, "epochs": 3, "batch_size": 8, "schedule": []}
SGD = ADAM | {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.5}
RECIPE = {"architecture": "mlp", "hidden": [6], "dropout": 0.0, "l1": 0.0, "l2": 1e-2, "training": ADAM}
WEIGHTS = [1.0, 4.0, 0.5]


def points(classes=3):
    rng = np.random.default_rng(classes)
    y = np.minimum(np.arange(N) % 5, classes - 1)
    return (rng.normal(size=(N, 2)) + y[:, None]).astype(np.float32), y


class Batches(keras.utils.PyDataset):
    """Batches of one epoch, of the points that a mask keeps."""

    def __init__(self, x, y, kept, order, size):
        super().__init__()
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        self.batches = [(x[b[kept[b]]], y[b[kept[b]]]) for b in batches if kept[b].any()]

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def fitted(recipe, x, y, classes, seed, kept, class_weight):
    """Weights after Keras's own fit with class_weight."""
    model, steps = models.build(recipe, x.shape[1:], classes, seed), recipe["training"]
    model.compile(optimizer=training.optimizer(steps), loss=training.loss(model.output_shape[-1]))
    targets = y[:, None].astype("float32") if classes == 2 else y
    for epoch in range(steps["epochs"]):
        batches = Batches(x, targets, kept, training.epoch_order(seed, epoch, len(x)), steps["batch_size"])
        model.fit(batches, shuffle=False, verbose=0, class_weight=class_weight)
    return model.get_weights()


@pytest.mark.parametrize(("steps", "classes"), [(ADAM, 3), (SGD, 2)])
def test_trainings_are_keras_fit_with_class_weight(tmp_path, steps, classes):
    (x, y), every = points(classes), np.ones(N, dtype=bool)
    recipe = RECIPE | {"training": steps, "class_weights": WEIGHTS[:classes]}
    chosen = dict(enumerate(WEIGHTS[:classes]))
    kept = np.stack([every, np.random.default_rng(0).random(N) < 0.6])
    expected = [fitted(recipe, x, y, classes, 5, mask, chosen) for mask in kept]
    model = models.build(recipe, (2,), classes, 5)
    own = class_weights.of_labels(y, WEIGHTS[:classes])
    training.train(model, x, y, x, y, steps, 5, tmp_path, "test", below_chance="warn", point_weights=own)
    ours = ensemble.train(recipe, (2,), classes, x, y, kept, np.zeros(2, int), 5, "test")
    again = replay.of_recipe(recipe, x, y, classes, 5)
    replayed = [replay.run(again, mask.astype(float)).theta for mask in kept]
    plain = ensemble.train(RECIPE | {"training": steps}, (2,), classes, x, y, kept, np.zeros(2, int), 5, "test")
    for place, own in enumerate(model.get_weights()):
        np.testing.assert_allclose(own, expected[0][place], **STEPS)
        for member in (0, 1):
            np.testing.assert_allclose(ours[place][member], expected[member][place], **STEPS)
            np.testing.assert_allclose(replayed[member][place], expected[member][place], **STEPS)
        assert np.abs(plain[place][0] - expected[0][place]).max() > 100 * STEPS["atol"]


def test_balanced_weights_are_those_of_the_whole_training_set(tmp_path):
    x, y = points()
    kept = np.ones((2, N), dtype=bool)
    kept[1, y == 2] = np.arange((y == 2).sum()) < 2
    found = ensemble.train(RECIPE | {"class_weights": "balanced"}, (2,), 3, x, y, kept, np.zeros(2, int), 1, "test")
    by_class = [N / (3 * (y == c).sum()) for c in range(3)]
    given = ensemble.train(RECIPE | {"class_weights": by_class}, (2,), 3, x, y, kept, np.zeros(2, int), 1, "test")
    for a, b in zip(found, given, strict=True):
        np.testing.assert_array_equal(a, b)
    # so in folds, at once and one by one
    fold = folds.divide(y, 2, 0)
    recipe = RECIPE | {"class_weights": "balanced"}
    at_once = folds.logits(recipe, x, y, 3, 1, fold, tmp_path)
    one_by_one = folds.logits(recipe | {"rescale": {"from": [0, 1], "to": [0, 1]}}, x, y, 3, 1, fold, tmp_path)
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-2, atol=1e-3)
    # and where layers have states, as masks' generators, and a network sees the other points alone
    fold = ((y == 2) & (np.arange(N) % 4 < 3)).astype(int)
    moving = recipe | {"dropout": 0.3, "rescale": {"from": [0, 1], "to": [0, 1]}}
    ours = folds.logits(moving, x, y, 3, 1, fold, tmp_path / "balanced")
    given = folds.logits(moving | {"class_weights": by_class}, x, y, 3, 1, fold, tmp_path / "given")
    plain = folds.logits(
        {k: v for k, v in moving.items() if k != "class_weights"}, x, y, 3, 1, fold, tmp_path / "plain"
    )
    np.testing.assert_allclose(ours, given, rtol=1e-6, atol=1e-7)
    assert np.abs(ours - plain).max() > 1e-2


def test_weights_of_1_are_no_weights_to_the_bit():
    (x, y), kept = points(), np.ones((1, N), dtype=bool)
    plain = ensemble.train(RECIPE, (2,), 3, x, y, kept, np.zeros(1, int), 1, "test")
    ones = ensemble.train(RECIPE | {"class_weights": [1.0, 1.0]}, (2,), 3, x, y, kept, np.zeros(1, int), 1, "test")
    ends = [replay.run(replay.of_recipe(recipe, x, y, 3, 1), np.ones(N)).theta for recipe in (
        RECIPE, RECIPE | {"class_weights": [1.0, 1.0]})]  # fmt: skip
    for a, b in [*zip(plain, ones, strict=True), *zip(*ends, strict=True)]:
        np.testing.assert_array_equal(a, b)


def derivative(again, labels):
    targets = np.array([[0.5, 0.2], [1.0, 2.0]], dtype=np.float32)
    return metagradient.metagradient(again, targets, lambda logits: margin_gradients(logits, labels), "test")[0]


def test_the_metagradient_is_that_of_repeated_points_in_full_batches():
    (x, y), weighting = points(2), [1.0, 3.0]
    rows = np.repeat(np.arange(N), np.where(y == 1, 3, 1))
    count, labels = len(rows), np.array([0, 1])
    steps = SGD | {"batch_size": 10 * N, "epochs": 6}
    recipe = RECIPE | {"l2": 0.0, "training": steps}
    weighted = derivative(replay.of_recipe(recipe | {"class_weights": weighting}, x, y, 2, 2, "float64"), labels)
    # a mean over more points, in steps that are as much longer
    longer = recipe | {"training": steps | {"learning_rate": 0.1 * count / N}}
    repeated = derivative(replay.of_recipe(longer, x[rows], y[rows], 2, 2, "float64"), labels)
    summed = np.stack([repeated[:, rows == i].sum(axis=1) for i in range(N)], axis=1)
    # one of n points leaves, or three of `count`: what stays is divided by other numbers, in one direction for all
    w = np.where(y == 1, 3.0, 1.0)
    along = (weighted - summed) / (w * N / count - 1)
    np.testing.assert_allclose(along, along[:, :1].repeat(N, axis=1), rtol=1e-6, atol=1e-12)
    assert np.abs(weighted - repeated[:, [np.flatnonzero(rows == i)[0] for i in range(N)]]).max() > 1e-3


def test_the_metagradient_of_a_weighted_training_is_its_derivative_by_central_differences():
    x, y = points(2)
    again = replay.of_recipe(RECIPE | {"class_weights": [1.0, 3.0], "training": ADAM}, x, y, 2, 0, "float64")
    targets, labels = np.array([[0.5, 0.2], [1.0, 2.0]], dtype=np.float32), np.array([0, 1])
    found, step = derivative(again, labels), 1e-5
    for i in (0, 1, 9):
        ends = []
        for sign in (1, -1):
            weights = np.ones(N)
            weights[i] += sign * step
            logits = again.outputs(replay.run(again, weights), targets)[:, 0]
            ends.append(np.where(labels == 1, logits, -logits))
        np.testing.assert_allclose(found[:, i], (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-8)


class Given(SimpleNamespace):
    """What TracIn reads of a run."""

    slopes = Run.slopes


@pytest.mark.parametrize("tested", [True, False])
def test_tracin_is_of_the_gradients_of_the_weighted_losses(tested):
    x, y = points()
    recipe = RECIPE | {"class_weights": WEIGHTS}
    run = Given(
        recipe=recipe, seed=3, classes=3, x=x, labels=y, tested=tested, facts={},
        settings={"unrolled.checkpoints": 1, "influence.batch_size": 64},
        point_weights=class_weights.of_labels(y, WEIGHTS),
    )  # fmt: skip
    run.queried = SimpleNamespace(x=x[:6], labels=y[:6]) if tested else run
    found = tracin.TracIn().pairs(run, np.arange(6))
    again = replay.of_recipe(recipe, x, y, 3, 3)
    replay.assign(again.model, replay.run(again, np.ones(N)))
    copy = precision.in_float64(again.model)
    logits, jacobian = all_layers.jacobian(copy, x, 64)
    g = np.einsum("nck,nc->nk", jacobian, residuals(logits, y, run.point_weights))
    of_targets = -np.einsum("nck,nc->nk", jacobian, margin_gradients(logits, y))[:6] if tested else g[:6]
    rate = ADAM["learning_rate"] * again.count / N
    np.testing.assert_allclose(found, rate * of_targets @ g.T, rtol=1e-3, atol=1e-6)
    if not tested:
        np.testing.assert_allclose(tracin.TracIn().points(run), rate * (g**2).sum(axis=1), rtol=1e-3, atol=1e-6)


def test_source_follows_the_weighted_training():
    x, y = points()
    recipe, w = RECIPE | {"class_weights": WEIGHTS}, class_weights.of_labels(y, WEIGHTS)
    again = replay.of_recipe(recipe, x, y, 3, 3)
    path = segments.of_replay(again, ADAM, 2, 1)
    replay.assign(again.model, replay.run(again, np.ones(N)))
    settings = {
        "curvature.precision": "float64", "curvature.factors": "plain", "curvature.source": {
            "segments": 2, "checkpoints": 1}, "curvature.damping": {"mode": "kernel", "value": 1.0, "targets": 3},
    }  # fmt: skip
    run = Given(recipe=recipe, seed=3, classes=3, x=x, labels=y, tested=True, facts={}, settings=settings,
                model=again.model, point_weights=w, queried=SimpleNamespace(x=x[:5], labels=y[:5]))  # fmt: skip
    found = base.resolve(registry.METHODS["source"]).pairs(run, np.arange(5))
    opened = network.opened(again.model, x)
    slopes = -margin_gradients(network.logits(opened, x[:5]), y[:5])
    vectors = gradients.rows(opened, x[:5], seeds.single(slopes))
    trace = damping.trace(network.blocks(opened, x, seeds.roots(network.logits(opened, x), w)), N)
    assert run.facts["damping"] == pytest.approx(trace / N, rel=1e-6)
    expected = source.influence(source.curved(opened, x, path, weights=w), x, y, vectors, trace / N, weights=w)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)


def test_jobs_store_what_the_recipe_weighs(tmp_path):
    x, y = points()
    data = str(tmp_path / "data.h5")
    hdf5.write(
        data, {"x_train": x, "y_train": y, "x_test": x[:7], "y_test": y[:7]},
        {"class_names": ["0", "1", "2"], "sha256": "0" * 64},
    )  # fmt: skip
    recipe, weights = RECIPE | {"class_weights": "balanced"}, class_weights.of_labels(y, "balanced")
    home = tmp_path / "net" / "seed0"
    home.mkdir(parents=True)
    path = str(home / "model.keras")
    train_model.train_model(data, recipe | {"below_chance": "warn"}, 0, [], path, str(home / "history.csv"))
    stored = keras.models.load_model(path, compile=False)
    expected = fitted(recipe, x, y, 3, 0, np.ones(N, dtype=bool), {c: weights[y == c][0] for c in range(3)})
    for ours, theirs in zip(stored.get_weights(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, **STEPS)
    layer, _, _ = features.last_layer_parameters(stored)
    for scope in ("last_layer", "all_layers"):
        out = str(tmp_path / f"{scope}.h5")
        cache_gradients.cache_gradients(data, path, scope, 4, "float64", "0", out, {}, "balanced")
        h, r, logits, of_test, test = hdf5.read(
            out, "features_train", "residuals_train", "logits_train", "residuals_test", "logits_test"
        )
        np.testing.assert_array_equal(class_weights.stored(out), weights)
        if scope == "last_layer":
            np.testing.assert_allclose(r, residuals(h @ layer, y) * weights[:, None], rtol=1e-9)
            np.testing.assert_array_equal(of_test, residuals(test, y[:7]))
        else:
            np.testing.assert_array_equal(r[:, 0], weights)
            np.testing.assert_array_equal(of_test, 1)
        np.testing.assert_allclose(logits[:7], test, rtol=1e-6)
    # without the key nothing is added
    cache_gradients.cache_gradients(data, path, "last_layer", 4, "float64", "1", out, {})
    assert class_weights.stored(out) is None
    logits, r = hdf5.read(out, "logits_train", "residuals_train")
    np.testing.assert_array_equal(r, residuals(logits, y))


def test_features_and_a_last_layer_say_what_was_minimised(tmp_path):
    x, y = points()
    rng = np.random.default_rng(0)
    given = {"features_train": x, "features_test": x[:7], "labels_train": y, "labels_test": y[:7],
             "weights": rng.normal(size=(2, 3)), "bias": rng.normal(size=3)}  # fmt: skip
    np.savez(tmp_path / "given.npz", **given)
    data, out = str(tmp_path / "data.h5"), str(tmp_path / "gradients.h5")
    hdf5.write(data, {"x_train": x, "y_train": y, "x_test": x[:7], "y_test": y[:7], "index_train": np.arange(N),
                      "index_test": np.arange(7)},
               {"class_names": ["0", "1", "2"], "sha256": "0" * 64, "rows_train": N})  # fmt: skip
    recipe = {"architecture": "factors", "path": str(tmp_path / "given.npz"), "l2": 0.0, "below_chance": "warn"}
    read_factors.read_factors(data, recipe | {"class_weights": WEIGHTS}, "float64", "test", out, {})
    logits, r, test, of_test = hdf5.read(out, "logits_train", "residuals_train", "logits_test", "residuals_test")
    np.testing.assert_array_equal(r, residuals(logits, y) * np.array(WEIGHTS)[y][:, None])
    np.testing.assert_array_equal(of_test, residuals(test, y[:7]))
    np.testing.assert_array_equal(class_weights.stored(out), np.array(WEIGHTS)[y])
    read_factors.read_factors(data, recipe, "float64", "test", out, {})
    assert class_weights.stored(out) is None
