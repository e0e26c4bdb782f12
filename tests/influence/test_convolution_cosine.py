"""Cosines of what the last convolution gives, on networks small enough to compute it by hand."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from attribution.networks import last_convolution
from small_run import method

NAME = "convolution-cosine-same-class"


def made(*parts) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((5, 5, 2)), *parts, layers.Flatten(), layers.Dense(2)])


def of(model, n=23, tested=6, batch=7):
    rng = np.random.default_rng(1)
    x, asked = (rng.integers(0, 256, (count, 5, 5, 2), dtype=np.uint8) for count in (n, tested))
    run = SimpleNamespace(
        x=x, labels=rng.integers(0, 2, n), model=model, keys=np.arange(n), settings={"influence.batch_size": batch}
    )
    run.queried = SimpleNamespace(x=asked, labels=rng.integers(0, 2, tested))
    return run


def by_hand(x, kernel, bias):
    """(n, d) a 3x3 convolution without padding, and ReLU."""
    places = [(i, j) for i in range(3) for j in range(3)]
    found = [np.tensordot(x[:, i : i + 3, j : j + 3].astype(float), kernel, 3) + bias for i, j in places]
    return np.maximum(np.concatenate(found, axis=1), 0)


@pytest.mark.parametrize("parts", [
    lambda: [layers.Conv2D(3, 3, activation="relu"), layers.MaxPooling2D(2)],
    lambda: [layers.Conv2D(3, 3), layers.ReLU(), layers.Dropout(0.5), layers.AveragePooling2D(3)],
])  # fmt: skip
def test_pairs_are_cosines_of_what_the_convolution_gives_less_its_mean(parts):
    run = of(made(*parts()))
    layer = run.model.layers[0]
    layer.bias.assign([1.0, -2.0, 3.0])
    trained, asked = (by_hand(x, *layer.get_weights()) for x in (run.x, run.queried.x))
    a, b = asked - trained.mean(axis=0), trained - trained.mean(axis=0)
    targets = np.array([4, 0, 5])
    cosine = (a @ b.T)[targets] / np.linalg.norm(a, axis=1)[targets, None] / np.linalg.norm(b, axis=1)
    expected = cosine + 2 * (run.queried.labels[targets][:, None] == run.labels)
    np.testing.assert_allclose(method(NAME).pairs(run, targets), expected, atol=1e-5)


def test_the_batch_changes_nothing_and_images_in_another_order_give_the_same():
    model, targets = made(layers.Conv2D(3, 3, activation="relu"), layers.Conv2D(4, 2)), np.arange(6)
    found = [method(NAME).pairs(of(model, batch=batch), targets) for batch in (1, 7, 23, 100)]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-5)
    run, order = of(model), np.random.default_rng(2).permutation(23)
    run.x, run.labels = run.x[order], run.labels[order]
    np.testing.assert_allclose(method(NAME).pairs(run, targets), found[0][:, order], atol=1e-5)


def test_groups_are_the_nearest_and_begin_with_the_seed():
    run = of(made(layers.Conv2D(3, 3)))
    run.queried = run
    seeds = [8, 2]
    scores = method(NAME).pairs(run, np.array(seeds))
    for group, seed, row in zip(method(NAME).groups(run, seeds, 5), seeds, scores, strict=True):
        others = [point for point in np.argsort(-row) if point != seed]
        assert group.tolist() == [seed, *others[:4]]
        assert (run.labels[group] == run.labels[seed]).all()


def test_what_keeps_the_shape_of_the_last_convolution_counts_and_a_network_inside_is_one_layer():
    given = keras.Input((5, 5, 2))
    first = layers.Conv2D(3, 3, padding="same", name="first")(given)
    second = layers.BatchNormalization()(layers.Conv2D(3, 3, padding="same")(first))
    summed = layers.ReLU(name="end")(layers.Add()([first, second]))
    pooled = layers.GlobalAveragePooling2D()(summed)
    residual = keras.Model(given, layers.Dense(2)(pooled))
    assert last_convolution.up_to(residual).output is residual.get_layer("end").output
    inner = keras.Model(given, summed)
    x = np.random.default_rng(0).normal(size=(4, 5, 5, 2)).astype(np.float32)
    nested = keras.Sequential([keras.Input((5, 5, 2)), layers.Rescaling(2.0), inner, layers.Flatten(), layers.Dense(2)])
    found = last_convolution.up_to(nested).predict_on_batch(x)
    np.testing.assert_allclose(found, inner.predict_on_batch(2 * x), rtol=1e-5)


def test_a_network_without_places_is_refused_in_one_sentence():
    pooled = keras.Sequential([keras.Input((5, 5, 2)), layers.Conv2D(3, 3), layers.GlobalAveragePooling2D()])
    for model in (made(), made(layers.Dense(4)), keras.Sequential([pooled, layers.Dense(2)])):
        with pytest.raises(ValueError, match="has no convolution whose output has places, which convolution-cosine"):
            method(NAME).pairs(of(model), np.array([0]))
