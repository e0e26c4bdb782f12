"""Inner products of gradients of a whole network."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attribution.methods.influence.network_gradient_dot import NetworkGradientDot
from attribution.workflow import registry


@pytest.mark.parametrize("weights", [None, np.array([2.0, 1.0, 0.5, 3.0, 1.0, 0.0])])
def test_products_are_those_of_the_losses_gradients(weights):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Dense(5, "tanh")(inputs)))
    x = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    labels = np.array([0, 1, 2, 2, 1, 0])
    gradients = []
    for sample, label in zip(x, labels, strict=True):
        with tf.GradientTape() as tape:
            loss = keras.losses.sparse_categorical_crossentropy(
                np.array([label]), model(sample[None]), from_logits=True
            )
        gradients.append(np.concatenate([np.ravel(g) for g in tape.gradient(loss, model.trainable_variables)]))
    gradients = np.array(gradients) * (1 if weights is None else weights[:, None])
    run = type("Run", (), {"x": x, "labels": labels, "model": model, "tested": False, "point_weights": weights})()
    run.queried, run.settings = run, {"influence.batch_size": 4}
    found = NetworkGradientDot().pairs(run, np.arange(6))
    np.testing.assert_allclose(found, gradients @ gradients.T, rtol=1e-4, atol=1e-6)


def test_what_says_to_be_a_kernel_has_pairs():
    kernels = [name for name in registry.METHODS if registry.told(name, "kernel", False)]
    assert "tracin" in kernels and "gauss-newton" in kernels and "metagradient" not in kernels
    assert all("pairs" in registry.given(name) for name in kernels)
