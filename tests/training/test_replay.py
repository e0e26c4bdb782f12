"""A training replayed: it ends in the run's own network, and its derivative is that of the training."""

import keras
import numpy as np
import pytest

from attribution.networks import build as models
from attribution.networks import precision
from attribution.numerics.residuals import margin_gradients, margins
from attribution.training import dropout, ensemble, metagradient, replay
from attribution.training import train as training
from trained_discs import RECIPE, trained

pytestmark = pytest.mark.slow

SHORT = RECIPE["training"] | {"epochs": 4, "schedule": [{"epoch": 2, "factor": 0.5}]}
SGD = SHORT | {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.9, "warmup": 2}
STATES = 1e-5  # float32, two programs of the same sums
PLAIN = RECIPE | {"dropout": 0.0, "training": SHORT}
CNN = {
    "architecture": "cnn", "rescale": {"from": [0, 1], "to": [-1, 1]}, "flip": False, "translation": 0.0,
    "mixed_precision": "off", "activation": "gelu", "pooling": "mean",
    "training": SHORT | {"epochs": 1, "batch_size": 4, "epsilon": 1e-3},
}  # fmt: skip


def images(n=9, classes=3):
    rng = np.random.default_rng(0)
    return rng.uniform(size=(n, 22, 22, 1)).astype(np.float32), np.arange(n) % classes


@pytest.mark.parametrize("change", [SHORT, SGD, SHORT | {"epsilon": 1e-2}], ids=["adam", "sgd", "epsilon"])
def test_with_all_weights_1_it_ends_in_the_trained_network(points, tmp_path, change):
    recipe = RECIPE | {"training": change}
    model, _ = trained(points, recipe, tmp_path)
    again = replay.of_recipe(recipe, *points[:2], 2, 0)
    end = replay.run(again, np.ones(again.n))
    for ours, theirs in zip(end.theta, model.get_weights(), strict=True):
        assert np.allclose(ours, theirs, rtol=0, atol=STATES)


def test_a_point_of_weight_0_is_as_if_it_were_not_there(points):
    x, y = points[:2]
    mask = np.random.default_rng(0).random(len(x)) < 0.5
    again = replay.of_recipe(RECIPE | {"training": SHORT}, x, y, 2, 3)
    end = replay.run(again, mask)
    alone = ensemble.train(
        RECIPE | {"training": SHORT}, x.shape[1:], 2, x, y, mask[None], np.zeros(1, int), 3, "test", of_run=True
    )
    for ours, theirs in zip(end.theta, alone, strict=True):
        assert np.allclose(ours, theirs[0], rtol=1e-3, atol=10 * STATES)
    # what it holds does not matter
    other = x.copy()
    other[~mask] = 100
    moved = replay.run(replay.of_recipe(RECIPE | {"training": SHORT}, other, y, 2, 3), mask)
    assert all(np.array_equal(a, b) for a, b in zip(end.theta, moved.theta, strict=True))


def test_a_batch_without_points_is_skipped(points):
    again = replay.of_recipe(PLAIN, *points[:2], 2, 0)
    weights = np.ones(again.n)
    weights[again.batch(0)] = 0
    assert again.step(again.start, 0, weights) is again.start
    assert again.step(again.start, 1, weights).steps == 1


@pytest.mark.parametrize(
    ("recipe", "beta"),
    [(RECIPE | {"training": SHORT}, 0.0), (RECIPE | {"training": SGD}, 0.0), (PLAIN, 30.0)],
    ids=["adam with dropout", "sgd with momentum and warmup", "softplus"],
)
def test_metagradient_is_the_derivative_by_central_differences(points, recipe, beta):
    x, y, x_test, y_test = points
    again = replay.of_recipe(recipe, x, y, 2, 0, "float64", beta)
    targets, labels = x_test[:4], y_test[:4]
    found, _ = metagradient.metagradient(again, targets, lambda logits: margin_gradients(logits, labels), "test")
    step, weights = 1e-5, np.ones(again.n)

    def value(i, moved):
        changed = weights.copy()
        changed[i] += moved
        return margins(again.outputs(replay.run(again, changed), targets), labels)

    for i in (0, 31, 100):
        difference = (value(i, step) - value(i, -step)) / (2 * step)
        assert np.allclose(found[:, i], difference, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("recipe", [RECIPE | {"training": SHORT}, PLAIN | {"training": SGD}], ids=["adam", "sgd"])
def test_at_a_subset_the_metagradient_is_the_derivative_there_also_of_points_that_are_left_out(points, recipe):
    x, y, x_test, y_test = points
    again = replay.of_recipe(recipe, x, y, 2, 0, "float64")
    targets, labels = x_test[:4], y_test[:4]
    weights = (np.random.default_rng(1).random(again.n) < 0.5).astype(float)
    # a batch that is left out whole moves nothing
    weights[again.batch(1)] = 0
    slope = lambda logits: margin_gradients(logits, labels)  # noqa: E731
    found, _ = metagradient.metagradient(again, targets, slope, "test", weights=weights)
    step, away = 1e-6, again.batch(1)[0]

    def value(i, moved):
        changed = weights.copy()
        changed[i] += moved
        return margins(again.outputs(replay.run(again, changed), targets), labels)

    kept = np.flatnonzero(weights)[:2]
    for i in kept:
        difference = (value(i, step) - value(i, -step)) / (2 * step)
        assert np.allclose(found[:, i], difference, rtol=1e-4, atol=1e-7)
    # a weight that grows from 0, in batches of others
    empty = {i for number in range(again.count) if not weights[again.batch(number)].any() for i in again.batch(number)}
    shared = next(i for i in np.flatnonzero(weights == 0) if i not in empty)
    difference = (value(shared, step) - value(shared, -step)) / (2 * step)
    assert np.allclose(found[:, shared], difference, rtol=1e-4, atol=1e-7)
    assert np.abs(found[:, away]).max() > 0


@pytest.mark.parametrize("left", [[], [3, 5]])
@pytest.mark.parametrize("layers", [("gelu", "mean"), ("elu", "max")], ids="-".join)
def test_metagradient_of_a_convolutional_network_by_central_differences(layers, left):
    x, y = images()
    recipe = CNN | dict(zip(("activation", "pooling"), layers, strict=True))
    again = replay.of_recipe(recipe, x, y, 3, 0, "float64")
    weights, step = np.ones(again.n), 1e-5
    weights[left] = 0
    slope = lambda logits: margin_gradients(logits, y[:2])  # noqa: E731
    found, _ = metagradient.metagradient(again, x[:2], slope, "test", weights=weights)
    for i in (0, 5):
        values = []
        for moved in (step, -step):
            changed = weights.copy()
            changed[i] += moved
            values.append(margins(again.outputs(replay.run(again, changed), x[:2]), y[:2]))
        assert np.allclose(found[:, i], (values[0] - values[1]) / (2 * step), rtol=1e-5, atol=1e-9)


def test_metagradient_does_not_depend_on_the_block_of_targets_or_the_precision(points):
    x, y, x_test, y_test = points

    def found(dtype, block):
        # dropout draws other masks in another precision
        again = replay.of_recipe(PLAIN, x, y, 2, 0, dtype)
        slope = lambda logits: margin_gradients(logits, y_test[:5])  # noqa: E731
        return metagradient.metagradient(again, x_test[:5], slope, "test", block=block)[0]

    exact = found("float64", 5)
    assert np.allclose(found("float64", 2), exact, rtol=1e-10, atol=1e-14)
    assert np.allclose(found("float32", 5), exact, rtol=1e-2, atol=1e-3 * np.abs(exact).max())


def test_metagradient_goes_on_after_a_kill(points, tmp_path, monkeypatch):
    x, y, x_test, y_test = points
    again = replay.of_recipe(PLAIN, x, y, 2, 0)
    slope = lambda logits: margin_gradients(logits, y_test[:3])  # noqa: E731
    whole, _ = metagradient.metagradient(again, x_test[:3], slope, "test")
    calls, pull = [], again.pull

    def until(state, number, cotangents, weights):
        calls.append(number)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return pull(state, number, cotangents, weights)

    with pytest.raises(KeyboardInterrupt):
        metagradient.metagradient(again._replace(pull=until), x_test[:3], slope, "test", tmp_path)
    done = len(calls)
    # of states that were walked through before
    kept = metagradient.states_kept(again)
    resumed, _ = metagradient.metagradient(again._replace(pull=until), x_test[:3], slope, "test", tmp_path, kept=kept)
    assert np.array_equal(resumed, whole)
    # the segments that were finished are not pulled through again
    assert len(calls) - done < again.count


def test_leaving_one_out_is_predicted_where_the_training_is_smooth(points):
    x, y, x_test, y_test = points
    descent = SHORT | {"optimizer": "sgd", "learning_rate": 0.05, "epochs": 40, "schedule": []}
    recipe = PLAIN | {"l1": 0.0, "l2": 1e-2, "training": descent}
    again = replay.of_recipe(recipe, x, y, 2, 0, beta=100.0)
    found, _ = metagradient.metagradient(again, x_test, lambda logits: margin_gradients(logits, y_test), "test")
    masks = np.concatenate([np.ones((1, len(x)), bool), ~np.eye(len(x), dtype=bool)])
    weights = ensemble.train(recipe, x.shape[1:], 2, x, y, masks, np.zeros(len(masks), int), 0, "test", of_run=True)
    true = np.stack([margins(s, y_test) for s in ensemble.logits(weights, x_test)])
    fall = true[0] - true[1:]
    assert np.corrcoef(found.ravel(), fall.T.ravel())[0, 1] > 0.95
    # the next point's derivative predicts nothing of it
    assert np.corrcoef(np.roll(found, 1, axis=1).ravel(), fall.T.ravel())[0, 1] < 0.5


def test_dropout_masks_are_those_that_keras_draws():
    model = models.build(RECIPE, (2,), 2, 5)
    drawn = dropout.masks(model, [7, 7, 3])
    assert [mask.shape for mask in drawn] == [(7, 24), (7, 24), (3, 24)]
    assert not np.array_equal(drawn[0], drawn[1])
    layer = next(layer for layer in model.layers if "dropout" in layer.name)
    for mask, rows in zip(drawn, [7, 7, 3], strict=True):
        kept = np.asarray(layer(np.ones((rows, 16), np.float32), training=True)) > 0
        assert np.array_equal(mask[:, :16], kept)


def normalised(**options):
    """A small network that normalises by its batch, channels of images and features, from weights of its own."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.Conv2D(3, 3, activation="gelu"),
            layers.BatchNormalization(name="norm", **options),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="gelu"),
            layers.BatchNormalization(momentum=0.5),
            layers.Dense(3),
        ]
    )


def patches(n=20):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 5, 5, 2)).astype(np.float32), np.arange(n) % 3


SOON = SHORT | {"epochs": 2, "batch_size": 8, "epsilon": 1e-2}


def test_with_all_weights_1_batch_normalisation_is_that_of_keras(tmp_path):
    x, y = patches()
    model = normalised()
    again = replay.of_model(normalised(), SOON, x, y, 0)
    end = replay.run(again, np.ones(again.n))
    training.train(model, x, y, x, y, SOON, 0, tmp_path, "test")
    for ours, theirs in zip(end.theta, model.trainable_variables, strict=True):
        assert np.allclose(ours, theirs, rtol=0, atol=STATES)
    # moving averages too, so that the networks infer alike
    assert np.allclose(again.outputs(end, x), model.predict(x, verbose=0), rtol=0, atol=1e-4)


def test_a_point_of_weight_0_has_left_the_statistics_of_its_batch():
    x, y = patches()
    mask = np.arange(len(x)) % 4 != 1
    found = replay.run(replay.of_model(normalised(), SOON, x, y, 0), mask)
    other = x.copy()
    other[~mask] = 100
    moved = replay.run(replay.of_model(normalised(), SOON, other, y, 0), mask)
    for name in ("theta", "fixed"):
        assert all(np.array_equal(a, b) for a, b in zip(getattr(found, name), getattr(moved, name), strict=True))
    # the same batches without the points
    again = replay.of_model(normalised(), SOON, x, y, 0)
    state, model = again.start, again.model
    _, after = model.stateless_call(state.theta, state.fixed, x[again.batch(0)][mask[again.batch(0)]], training=True)
    for ours, theirs in zip(again.step(state, 0, mask).fixed, after, strict=True):
        assert np.allclose(ours, theirs, rtol=0, atol=1e-6)


def test_metagradient_through_batch_normalisation_by_central_differences():
    x, y = patches()
    model = precision.in_float64(normalised())
    again = replay.of_model(model, SOON, x, y, 0)
    found, _ = metagradient.metagradient(again, x[:2], lambda logits: margin_gradients(logits, y[:2]), "test")
    weights, step = np.ones(again.n), 1e-5
    for i in (0, 7, 19):
        values = []
        for moved in (step, -step):
            changed = weights.copy()
            changed[i] += moved
            values.append(margins(again.outputs(replay.run(again, changed), x[:2]), y[:2]))
        assert np.allclose(found[:, i], (values[0] - values[1]) / (2 * step), rtol=1e-5, atol=1e-8)


def test_statistics_that_are_not_the_batchs_own_are_refused_by_name():
    with pytest.raises(ValueError, match="layer 'norm' has synchronized=True"):
        replay.of_model(normalised(synchronized=True), SOON, *patches(), 0)


def test_a_trained_file_has_no_training_to_replay():
    with pytest.raises(ValueError, match="has no training"):
        replay.of_recipe({"architecture": "keras-file", "path": "a.keras"}, np.zeros((4, 2)), np.zeros(4), 2, 0)


def test_softened_networks_come_near_to_their_own_outputs():
    from attribution.networks import smooth

    x = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    outputs = {}
    for beta in (0.0, 10.0, 1000.0):
        model = models.build(PLAIN, (2,), 2, 0)
        smooth.soften(model, beta)
        outputs[beta] = np.asarray(model(x))
    assert 1e-3 < np.abs(outputs[10.0] - outputs[0.0]).max() < 1
    assert np.abs(outputs[1000.0] - outputs[0.0]).max() < 5e-3
    z = np.array([-0.3, 0.0, 0.2])
    assert np.allclose(smooth.softplus(10.0)(z), np.log1p(np.exp(10 * z)) / 10)
