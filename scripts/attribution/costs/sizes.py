"""Sizes of the networks of networks/architectures from their recipes alone, for requests made before Keras is loaded.

Equal to `network_cost.sizes` of the built network where it says so; the standard library only.
"""

import math

POOLED_VGG = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # filters and convolutions between poolings
UNKNOWN = {
    "parameters": 12_000_000, "activations": 1_000_000, "flops": 1_200_000_000, "features": 512, "places": 49 * 512,
}  # fmt: skip


def sizes(recipe: dict, shape: tuple, outputs: int) -> dict:
    """Of one sample's forward pass.

    Args:
        recipe: `architecture` and its keys. shape: of one sample. outputs: logits.

    Returns:
        `parameters` (kernels, biases, normalisation); `activations`, within a factor of 3; `flops`, equal to those of
        the built network; `features`, inputs of the last layer; `places`, numbers that the last convolution gives, 0
        without one. Of a user's own network, which is unknown before it is built: those of a ResNet-18.
    """
    name = recipe["architecture"]
    if name == "mlp":
        return _mlp(recipe, math.prod(shape), outputs)
    counts = {"cnn": _cnn, "resnet": _resnet, "resnet18": _resnet18, "vgg19": _vgg19}
    if name not in counts or len(shape) not in (2, 3):
        return dict(UNKNOWN)
    return counts[name]((*shape, 1)[:3], outputs)


def _dense(total: dict, inputs: int, width: int) -> int:
    total["parameters"] += (inputs + 1) * width
    total["flops"] += 2 * inputs * width
    total["activations"] += width
    return width


def _convolution(total: dict, shape: tuple, filters: int, size: int, stride: int = 1, padded: bool = True, extra=1):
    """Add a convolution with its bias and `extra` layers that keep its shape; returns its output's shape."""
    height, width, channels = shape
    if padded:
        given = (-(-height // stride), -(-width // stride), filters)
    else:
        given = (height - size + 1, width - size + 1, filters)
    total["parameters"] += (size * size * channels + 1) * filters + 4 * filters * (extra > 1)
    total["flops"] += 2 * size * size * channels * math.prod(given)
    total["activations"] += extra * math.prod(given)
    return given


def _start(shape: tuple) -> dict:
    return {"parameters": 0, "activations": 2 * math.prod(shape), "flops": 0}


def _mlp(recipe: dict, inputs: int, outputs: int) -> dict:
    total = {"parameters": 0, "activations": 2 * inputs, "flops": 0}
    for width in recipe["hidden"]:
        inputs = _dense(total, inputs, width)
    _dense(total, inputs, outputs)
    return total | {"features": inputs, "places": 0}


def _cnn(shape: tuple, outputs: int) -> dict:
    total = _start(shape)
    for filters in (32, 64, 64):
        height, width, channels = _convolution(total, shape, filters, 3, padded=False)
        shape = (height // 2, width // 2, channels)
    _dense(total, _dense(total, math.prod(shape), 64), outputs)
    return total | {"features": 64, "places": height * width * channels}


def _residual(total: dict, shape: tuple, stages: tuple, blocks: int) -> tuple:
    for filters, first in stages:
        for stride in (first,) + (1,) * (blocks - 1):
            if (stride, filters) != (1, shape[2]):
                _convolution(total, shape, filters, 1, stride)
            shape = _convolution(total, shape, filters, 3, stride, extra=3)
            shape = _convolution(total, shape, filters, 3, extra=3)
    return shape


def _resnet(shape: tuple, outputs: int) -> dict:
    total = _start(shape)
    shape = _convolution(total, shape, 16, 3, extra=3)
    shape = _residual(total, shape, ((16, 1), (32, 2), (64, 2)), 3)
    _dense(total, _dense(total, math.prod(shape), 128), outputs)
    return total | {"features": 128, "places": math.prod(shape)}


def _resnet18(shape: tuple, outputs: int) -> dict:
    total = _start(shape)
    shape = _convolution(total, shape, 64, 3, extra=3)
    shape = _residual(total, shape, ((64, 1), (128, 2), (256, 2), (512, 2)), 2)
    _dense(total, shape[2], outputs)
    return total | {"features": shape[2], "places": math.prod(shape)}


def _vgg19(shape: tuple, outputs: int) -> dict:
    total = _start(shape)
    for filters, convolutions in POOLED_VGG:
        for _ in range(convolutions):
            shape = _convolution(total, shape, filters, 3)
        places = math.prod(shape)
        shape = (shape[0] // 2, shape[1] // 2, filters)
    _dense(total, _dense(total, math.prod(shape), 128), outputs)
    return total | {"features": 128, "places": places}
