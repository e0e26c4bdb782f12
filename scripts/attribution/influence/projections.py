"""Random projections of gradients that are made while samples stream, without a gradient ever formed.

A part of two factors has its inputs and its outputs projected apart, P_in A^T E P_out^T (LoGra, Choe et al. 2024,
with random matrices), so both matrices stay small; a variable has one plain projection. Features of all parts stand
side by side: their inner product is the sum of those of the parts, and no noise arises between them.
"""

import numpy as np
import tensorflow as tf

from attribution.influence import margin_gradients
from attribution.influence.margin_gradients import Network, Part


def sizes(parts: list[Part], size: int) -> list[tuple[int, int]]:
    """Rows of both matrices of each part, (inputs', outputs'), outputs' 0 for a variable.

    Every part gets the same share of `size` features, what it cannot use goes to the others; inputs' and outputs' are
    as near to each other as the part allows, as the noise of such a projection is about 2 / inputs' + 2 / outputs'.

    Returns:
        products that sum to `size` at most; at least 1 a part.
    """
    share, left, waiting = {}, size, sorted(range(len(parts)), key=lambda place: parts[place].size)
    for done, place in enumerate(waiting):
        each = max(1, left // (len(parts) - done))
        share[place] = _split(parts[place], each)
        left -= share[place][0] * max(1, share[place][1])
    return [share[place] for place in range(len(parts))]


def _split(part: Part, size: int) -> tuple[int, int]:
    if not part.outputs:
        return min(part.inputs, size), 0
    if part.size <= size:
        return part.inputs, part.outputs
    outputs = min(part.outputs, max(1, int(np.sqrt(size))))
    inputs = min(part.inputs, size // outputs)
    return inputs, min(part.outputs, size // inputs)


def matrices(parts: list[Part], size: int, seed: list[int]) -> list[list[np.ndarray]]:
    """The random matrices of each part, (k', k) of one or two factors.

    Rows are orthogonal and of length sqrt(k / k'), so that inner products are kept on average, and exactly where
    k' = k. Memory: k k' numbers each.

    Args:
        size: features of all parts together. seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    return [
        [_orthogonal(rng, rows, columns) for rows, columns in zip(chosen, (part.inputs, part.outputs), strict=True)]
        if part.outputs
        else [_orthogonal(rng, chosen[0], part.inputs)]
        for part, chosen in zip(parts, sizes(parts, size), strict=True)
    ]


def _orthogonal(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(columns, rows)))[0].T * np.sqrt(columns / rows)


def features(
    found: Network, x: np.ndarray, labels: np.ndarray, drawn: list[list[list[np.ndarray]]], batch: int
) -> tuple[np.ndarray, np.ndarray]:
    """Projected gradients of the samples' margins, of several projections in one pass (Park et al. 2023, section 3).

    Args:
        found: the network. x: (n, ...). labels: (n,). drawn: `matrices` of each of B projections. batch: samples a
            pass; does not change the result beyond rounding.

    Returns:
        (B, n, p) in the network's precision, p the features of all parts; logits (n, C). Memory: that, which grows
        with n by B p numbers a sample (2 kB of 512 features in float32, 64 kB of four blocks of 4 096), the matrices
        and one batch.
    """
    dtype = found.dtype
    constants = [[[tf.constant(m, dtype) for m in of_part] for of_part in of_block] for of_block in drawn]

    def project(factors):
        return [
            tf.concat([_projected(*pair) for pair in zip(factors, of_block, strict=True)], 1) for of_block in constants
        ]

    width = sum(int(np.prod([len(m) for m in of_part])) for of_part in drawn[0])
    result = np.empty((len(drawn), len(x), width), dtype.as_numpy_dtype)
    logits = np.empty((len(x), found.model.output.shape[-1]))
    for where, part, arrays in margin_gradients.batches(found, x, labels, batch, project):
        logits[where] = part
        for block, array in zip(result, arrays, strict=True):
            block[where] = array
    return result, logits


def _projected(factors: tuple, of_part: list):
    """(b, k') features of one part."""
    if len(factors) == 1:
        return tf.matmul(factors[0], of_part[0], transpose_b=True)
    a, e = (tf.linalg.matmul(factor, m, transpose_b=True) for factor, m in zip(factors, of_part, strict=True))
    return tf.reshape(tf.matmul(a, e, transpose_a=True), (-1, a.shape[2] * e.shape[2]))
