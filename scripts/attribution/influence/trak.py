"""TRAK (Park et al. 2023): a network as its linearisation in margins, and Newton's step on that.

Score of training point i for target t: phi_t^T (Phi^T Phi + ridge I)^-1 phi_i (1 - p_i), phi the gradient of the margin
or its projection (their section 3, for one model). Ridge is relative to the mean of ||phi_i||^2, the mean diagonal of
the kernel Phi Phi^T. Positive: the training point raises the target's margin.
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from attribution.influence import margin_gradients
from attribution.influence.margin_gradients import Network
from attribution.numerics.residuals import margins

# Bytes of gradients that are kept in one pass over the samples; rows of the kernel or of features taken at a time.
BUDGET = 512 << 20
ROWS = 1024


def uncertainty(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) 1 - p of the label, float64, accurate also where p is 1 to rounding."""
    return expit(-margins(logits, labels))


def of_kernel(kernel: np.ndarray, uncertain: np.ndarray, ridge: float) -> np.ndarray:
    """Scores from inner products of gradients: K_t (K + ridge I)^-1, which is the formula above.

    Args:
        kernel: (n + t, n), training points first. uncertain: (n,) 1 - p_i. ridge: positive.

    Returns:
        (t, n) float64. Cost: n^3 / 3 and 2 n^2 t flops.
    """
    return _solved(kernel[: len(uncertain)], kernel[len(uncertain) :].T, ridge).T * uncertain


def itself(kernel: np.ndarray, uncertain: np.ndarray, ridge: float) -> np.ndarray:
    """(n,) what each training point's own loss owes to it, (1 - p_i) times its score on its own margin.

    Args:
        kernel: (n, n). uncertain: (n,) 1 - p_i. ridge: positive.
    """
    return np.diag(_solved(kernel, kernel, ridge)) * uncertain**2


def _solved(square: np.ndarray, right: np.ndarray, ridge: float) -> np.ndarray:
    """(K + ridge I)^-1 times (n, b)."""
    # in the order of LAPACK, which else takes another copy
    damped = np.array(square, dtype=np.float64, order="F")
    damped[np.diag_indices(len(damped))] += ridge * _mean_diagonal(np.diag(damped).mean())
    return cho_solve(cho_factor(damped, lower=True, overwrite_a=True), right.astype(np.float64))


def of_features(train: np.ndarray, targets: np.ndarray, uncertain: np.ndarray, ridge: float) -> np.ndarray:
    """Scores from features, the mean over projections that are independent of each other.

    Each has its own (Phi^T Phi)^-1, as in the blocks of TRAK-WOMP: B (p, p) matrices stand for one of (B p, B p).

    Args:
        train: (B, n, p). targets: (B, t, p). uncertain: (n,). ridge: positive.

    Returns:
        (t, n) float64. Cost for each: n p^2 + p^3 / 3 + 2 n p t flops; n^2 p + n^3 / 3 where p is larger than n.
        Memory beside it: p^2 numbers and ROWS points, whatever n.
    """
    total = np.zeros((targets.shape[1], len(uncertain)))
    for phi, of_targets in zip(train, targets, strict=True):
        of_targets = of_targets.astype(np.float64)
        if phi.shape[1] > len(phi):
            whole = phi.astype(np.float64)
            total += of_kernel(np.concatenate([whole, of_targets]) @ whole.T, np.ones(len(phi)), ridge)
            continue
        solved = cho_solve(_damped_gram(phi, ridge), of_targets.T).T
        for rows in _rows(len(phi)):
            total[:, rows] += solved @ phi[rows].astype(np.float64).T
    total *= uncertain / len(train)
    return total


def itself_of_features(train: np.ndarray, uncertain: np.ndarray, ridge: float) -> np.ndarray:
    """(n,) as `itself`, the mean over projections (B, n, p) that are independent of each other."""
    total = np.zeros(len(uncertain))
    for phi in train:
        if phi.shape[1] > len(phi):
            whole = phi.astype(np.float64)
            total += itself(whole @ whole.T, np.ones(len(phi)), ridge)
            continue
        factor = _damped_gram(phi, ridge)
        for rows in _rows(len(phi)):
            part = phi[rows].astype(np.float64).T
            total[rows] += (cho_solve(factor, part) * part).sum(axis=0)
    return total * uncertain**2 / len(train)


def _damped_gram(phi: np.ndarray, ridge: float) -> tuple:
    """Factor of Phi^T Phi + ridge I in float64, as `cho_solve` takes it; phi (n, p) stays in its own precision."""
    gram = np.zeros((phi.shape[1], phi.shape[1]))
    for rows in _rows(len(phi)):
        part = phi[rows].astype(np.float64)
        gram += part.T @ part
    gram[np.diag_indices(len(gram))] += ridge * _mean_diagonal(np.trace(gram) / len(phi))
    return cho_factor(gram, lower=True, overwrite_a=True)


def _rows(n: int) -> Iterator[slice]:
    """ROWS points at a time."""
    return (slice(start, min(start + ROWS, n)) for start in range(0, n, ROWS))


def squares(found: Network, x: np.ndarray, labels: np.ndarray, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Squared lengths (n,) of the margins' whole gradients, and logits (n, C).

    Of a part in factors A, E over r positions it is the sum of A A^T times E E^T where r is small, else gradients are
    formed.
    """

    def lengths(factors: list[tuple]) -> list:
        return [sum(_squared(*of_part) for of_part in factors)]

    result, logits = np.empty(len(x)), np.empty((len(x), found.model.output.shape[-1]))
    for where, part, (found_here,) in margin_gradients.batches(found, x, labels, batch, lengths):
        result[where], logits[where] = found_here, part
    return result, logits


def _squared(a, e=None):
    if e is None:
        return tf.reduce_sum(a**2, axis=1)
    if a.shape[1] ** 2 <= a.shape[2] * e.shape[2]:
        return tf.reduce_sum(tf.matmul(a, a, transpose_b=True) * tf.matmul(e, e, transpose_b=True), axis=[1, 2])
    return tf.reduce_sum(tf.matmul(a, e, transpose_a=True) ** 2, axis=[1, 2])


def _mean_diagonal(value: float) -> float:
    if not value > 0 or not np.isfinite(value):
        raise ValueError(
            f"the margins' gradients have a mean squared length of {value:.3g}, and it must be positive and finite: "
            "the network does not depend on its parameters, or its training diverged; look at history.csv"
        )
    return float(value)


def kernel(
    found: Network, x: np.ndarray, labels: np.ndarray, n: int, batch: int, budget: int = BUDGET, first: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Inner products of the margins' whole gradients, with no projection, summed over layers and chunks of them.

    A part of one position has the entrywise product of the Gram matrices of its factors. Others have their gradients
    formed, as many parameters at a time as fit the budget, each chunk in a pass of its own over the samples. Of several
    derivatives a sample, in a metric of the parameters, see `dual.kernel`.

    Args:
        found: the network. x: (N, ...), training points first. labels: (N,). n: training points. batch: samples a pass.
        budget: bytes of gradients kept at a time; neither changes the result beyond rounding.
        first: sample from which on rows are wanted, n for those of targets alone.

    Returns:
        kernel (N - first, n) float64, logits (N, C). Memory: the kernel, the budget, one batch, whatever the
        number of parameters.
    """
    dtype = found.dtype
    result, logits = np.zeros((len(x) - first, n)), np.empty((len(x), found.model.output.shape[-1]))
    for chunks in _passes(found, budget // (len(x) * dtype.size)):
        kept = None
        for where, part, arrays in margin_gradients.batches(found, x, labels, batch, lambda f, c=chunks: _taken(f, c)):
            kept = kept or [np.empty((len(x), array.shape[1]), dtype.as_numpy_dtype) for array in arrays]
            logits[where] = part
            for whole, array in zip(kept, arrays, strict=True):
                whole[where] = array
        kept = iter(kept)
        for _, _, _, factored in chunks:
            _add(result, [next(kept) for _ in range(1 + factored)], first)
    return result, logits


def _passes(found: Network, numbers: int) -> Iterator[list[tuple[int, int, int, bool]]]:
    """Chunks (part, first, last, whether in factors) whose numbers of a sample fit, for one pass after another.

    `first` and `last` count outputs of a part of two factors, else numbers.
    """
    chunks, room = [], numbers
    for place, part in enumerate(found.parts):
        if part.outputs and part.rows == 1:
            pieces = [(0, part.outputs, True, part.inputs + part.outputs)]
        else:
            unit, units = (part.inputs, part.outputs) if part.outputs else (1, part.inputs)
            step = max(1, min(units, numbers // unit))
            pieces = [(i, min(i + step, units), False, unit * min(step, units - i)) for i in range(0, units, step)]
        for first, last, factored, needed in pieces:
            if chunks and needed > room:
                yield chunks
                chunks, room = [], numbers
            chunks.append((place, first, last, factored))
            room -= needed
    yield chunks


def _taken(factors: list[tuple], chunks: list) -> list:
    found = []
    for place, first, last, factored in chunks:
        if factored:
            found += [factor[:, 0] for factor in factors[place]]
        elif len(factors[place]) == 1:
            found.append(factors[place][0][:, first:last])
        else:
            a, e = factors[place]
            formed = tf.matmul(a, e[:, :, first:last], transpose_a=True)
            found.append(tf.reshape(formed, (-1, a.shape[2] * (last - first))))
    return found


def _add(result: np.ndarray, factors: list[np.ndarray], first: int) -> None:
    """Add to a kernel (N - first, n) the product over factors (N, k) of their inner products."""
    n = result.shape[1]
    for start in range(first, first + len(result), ROWS):
        where = slice(start, start + ROWS)
        block = factors[0][where] @ factors[0][:n].T
        for other in factors[1:]:
            block *= other[where] @ other[:n].T
        result[start - first : start - first + ROWS] += block
