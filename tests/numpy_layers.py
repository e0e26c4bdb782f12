"""Layers in plain NumPy and float64, written from their definitions: what a network's copies are compared with.

Each takes `w`, which gives a variable by the end of its path, the layer's name, and its input. Keras rounds constants
to float32 whatever the precision of the layer, so these are rounded here too.
"""

import numpy as np
from scipy.special import erf


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def gelu(x):
    return x * 0.5 * (1 + erf(x * np.float64(np.float32(np.sqrt(0.5)))))


def rescaled(x, scale, offset):
    return x * np.float64(np.float32(scale)) + np.float64(np.float32(offset))


def dense(w, name, x):
    return x @ w(f"{name}/kernel") + w(f"{name}/bias")


def windows(x, size):
    """(n, h, w, c) -> (n, h', w', size, size, c), stride 1, no padding."""
    found = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.moveaxis(found, 3, -1)


def convolution(w, name, x):
    kernel = w(f"{name}/kernel")
    return np.einsum("nhwijc,ijcd->nhwd", windows(x, len(kernel)), kernel) + w(f"{name}/bias")


def depthwise(w, name, x):
    kernel = w(f"{name}/kernel")[..., 0]
    return np.einsum("nhwijc,ijc->nhwc", windows(x, len(kernel)), kernel) + w(f"{name}/bias")


def separable(w, name, x):
    deep, point = w(f"{name}/depthwise_kernel")[..., 0], w(f"{name}/pointwise_kernel")[0, 0]
    return np.einsum("nhwijc,ijc->nhwc", windows(x, len(deep)), deep) @ point + w(f"{name}/bias")


def pooled(x, function):
    """2 x 2 windows side by side."""
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2].reshape(n, height // 2, 2, width // 2, 2, channels)
    return function(x, axis=(2, 4))


def flat(x):
    return x.reshape(len(x), -1)


def batch_norm(w, name, x, epsilon=1e-3):
    scaled = (x - w(f"{name}/moving_mean")) / np.sqrt(w(f"{name}/moving_variance") + epsilon)
    return scaled * w(f"{name}/gamma") + w(f"{name}/beta")


def layer_norm(w, name, x, epsilon=1e-3):
    scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon)
    return scaled * w(f"{name}/gamma") + w(f"{name}/beta")


def group_norm(w, name, x, groups, epsilon=1e-3):
    parts = x.reshape(*x.shape[:-1], groups, -1)
    axes = (*range(1, x.ndim - 1), -1)
    scaled = (parts - parts.mean(axes, keepdims=True)) / np.sqrt(parts.var(axes, keepdims=True) + epsilon)
    return scaled.reshape(x.shape) * w(f"{name}/gamma") + w(f"{name}/beta")


def embedding(w, name, tokens):
    return w(f"{name}/embeddings")[tokens]


def masked_mean(x, mask):
    return (x * mask[..., None]).sum(1) / mask.sum(1)[:, None]


def lstm(w, name, x, mask):
    """Gates in the order input, forget, candidate, output; a masked step changes nothing."""
    kernel, recurrent, bias = (w(f"{name}/lstm_cell/{kind}") for kind in ("kernel", "recurrent_kernel", "bias"))
    h = c = np.zeros((len(x), len(recurrent)))
    for step, on in zip(np.swapaxes(x, 0, 1), mask.T, strict=True):
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4, axis=1)
        new_c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        new_h = sigmoid(o) * np.tanh(new_c)
        h, c = np.where(on[:, None], new_h, h), np.where(on[:, None], new_c, c)
    return h


def gru(w, name, x, mask):
    """Gates in the order update, reset, candidate; the reset gate acts after the product (two biases)."""
    kernel, recurrent, bias = (w(f"{name}/gru_cell/{kind}") for kind in ("kernel", "recurrent_kernel", "bias"))
    h = np.zeros((len(x), len(recurrent)))
    for step, on in zip(np.swapaxes(x, 0, 1), mask.T, strict=True):
        z, r, g = np.split(step @ kernel + bias[0], 3, axis=1)
        hz, hr, hg = np.split(h @ recurrent + bias[1], 3, axis=1)
        z, r = sigmoid(z + hz), sigmoid(r + hr)
        h = np.where(on[:, None], z * h + (1 - z) * np.tanh(g + r * hg), h)
    return h


def attention(query, value, scale=1.0):
    return softmax(scale * query @ np.swapaxes(value, -1, -2)) @ value


def multi_head(w, name, x):
    def part(kind):
        return np.einsum("ntc,chd->nhtd", x, w(f"{name}/{kind}/kernel")) + w(f"{name}/{kind}/bias")[:, None]

    q, k, v = part("query"), part("key"), part("value")
    mixed = softmax(q @ np.swapaxes(k, -1, -2) * np.float64(np.float32(1 / np.sqrt(q.shape[-1])))) @ v
    return np.einsum("nhtd,hdc->ntc", mixed, w(f"{name}/attention_output/kernel")) + w(f"{name}/attention_output/bias")
