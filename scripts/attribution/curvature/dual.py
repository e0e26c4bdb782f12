"""Gauss-Newton influence by the kernel of the samples: exact where n C is small, whatever the number of parameters.

With J the (n C, k) Jacobian along `seeds.roots` and M = decay + damping, Woodbury gives (J^T J / n + M)^-1 J^T =
n M^-1 J^T (n I + K)^-1 with K = J M^-1 J^T. A sample's gradient is J_i^T u_i, see `seeds.weights_of_residuals`, so
influence is v^T (G + M)^-1 g_i / n = [v^T M^-1 J^T (n I + K)^-1]_i u_i. K is summed up layer by layer, J never whole.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from attribution.curvature import gradients
from attribution.curvature.network import Network, Part, decay

# bytes of the gradients of all samples in some of a convolution's outputs, formed at a time
SLICE_BYTES = 256 << 20


def kernel(network: Network, passes: Callable, n: int, metric: np.ndarray) -> np.ndarray:
    """(n C, n C) float64, K; row i * C + c is sample i along its column c. Of one derivative a sample, and of targets
    beside the training points, see `trak.kernel`.

    Args:
        passes: () -> blocks of the n samples along `seeds.roots`. metric: (k,) M, positive.
    """
    count = n * network.classes
    result = np.zeros((count, count))
    for position, part in enumerate(network.parts):
        weight = 1 / metric[part.start : part.stop].reshape(part.rows, part.columns)
        # the penalties are the same for a layer's columns, so one column of weights is enough
        if part.positions == 1:
            a, e = _dense(network, passes, position, part, n)
            result += np.repeat(np.repeat((a * weight[:, 0]) @ a.T, network.classes, 0), network.classes, 1) * (e @ e.T)
            continue
        width = max(1, SLICE_BYTES // (8 * count * part.rows))
        for first in range(0, part.columns, width):
            taken = slice(first, first + width)
            formed = _slice(network, passes, position, part, taken, n)
            formed *= np.sqrt(weight[:, taken]).ravel()
            result += formed @ formed.T
    return result


def _dense(network: Network, passes: Callable, position: int, part: Part, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, I) inputs and (n C, O) derivatives of a layer with one position."""
    a, e = np.empty((n, part.rows)), np.empty((n, network.classes, part.columns))
    for block in passes():
        a[block.rows] = block.a[position][:, 0]
        e[block.rows] = block.e[position][:, :, 0].swapaxes(0, 1)
    return a, e.reshape(-1, part.columns)


def _slice(network: Network, passes: Callable, position: int, part: Part, taken: slice, n: int) -> np.ndarray:
    """(n C, I * width) gradients of all samples in some of a layer's outputs."""
    width = len(range(*taken.indices(part.columns)))
    formed = np.empty((n, network.classes, part.rows * width))
    for block in passes():
        formed[block.rows] = gradients.per_sample(block.a[position], block.e[position][..., taken]).swapaxes(0, 1)
    return formed.reshape(n * network.classes, -1)


def scores(network: Network, passes: Callable, n: int, damping: float, vectors: np.ndarray, u: np.ndarray):
    """(b, n) v^T (G + decay + damping)^-1 g_i / n.

    Args:
        passes: () -> blocks of the n samples along `seeds.roots`. damping: positive. vectors: (b, k).
        u: (n, C) from `seeds.weights_of_residuals`.
    """
    metric = decay(network) + damping
    damped = kernel(network, passes, n, metric)
    damped[np.diag_indices(len(damped))] += n
    moved = gradients.along(network, passes(), vectors / metric, n, network.classes)
    # (C, n, b) to rows i * C + c
    right = moved.transpose(1, 0, 2).reshape(len(damped), -1)
    solved = cho_solve(cho_factor(damped, lower=True, overwrite_a=True, check_finite=False), right, check_finite=False)
    return np.einsum("ncb,nc->bn", solved.reshape(n, network.classes, -1), u)
