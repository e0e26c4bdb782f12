"""Sizes of a Keras network, and from them what training it and caching its gradients cost. Backend-neutral Keras 3."""

import math

import keras

from attribution.costs import stages as cost

SLOTS = {"adam": 2, "sgd": 1}  # arrays that an optimiser keeps for each parameter


def sizes(model: keras.Model) -> dict:
    """Of one sample's forward pass.

    Returns:
        `parameters`; `activations`, numbers that the layers give; `flops` of the layers with a kernel, two for
        each of its entries at each position of the output.
    """
    activations = flops = 0
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            inner = sizes(layer)
            activations, flops = activations + inner["activations"], flops + inner["flops"]
            continue
        shape = layer.output.shape[1:]
        activations += math.prod(size or 1 for size in shape)
        if getattr(layer, "kernel", None) is not None:
            flops += 2 * math.prod(layer.kernel.shape) * math.prod(size or 1 for size in shape[:-1])
    return {"parameters": model.count_params(), "activations": activations, "flops": flops}


def training(model: keras.Model, n: int, data_bytes: int, recipe: dict, evaluation_batch: int) -> dict:
    """See `cost.training`; `recipe` is the training's own: `optimizer`, `batch_size`, `epochs`."""
    slots = SLOTS.get(recipe["optimizer"], 2)
    batch, epochs = min(recipe["batch_size"], n), recipe["epochs"]
    evaluation_batch = min(evaluation_batch, n)
    return cost.training(
        **sizes(model),
        n=n,
        data_bytes=data_bytes,
        batch=batch,
        epochs=epochs,
        slots=slots,
        evaluation_batch=evaluation_batch,
    )


def gradient_cache(model: keras.Model, n: int, D: int, C: int, data_bytes: int, batch: int) -> dict:
    """See `cost.gradient_cache`."""
    found = sizes(model)
    return cost.gradient_cache(n, D, C, data_bytes, min(batch, n), found["activations"], found["flops"])


def speed() -> float:
    """Operations a second of a float32 matrix product on the device that Keras computes on."""
    return cost.speed(keras.ops.matmul, keras.ops.ones((1024, 1024)))
