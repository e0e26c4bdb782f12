"""What methods of curvature need of a run: its network opened, gradients of the targets, and the damping."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from attribution.curvature import damping, gradients, kronecker, network, seeds
from attribution.methods import chosen_damping
from attribution.methods.run import Run
from attribution.networks import precision
from attribution.numerics.residuals import residuals


class Opened(NamedTuple):
    """`network` opened; `x` (n, ...), `y` (n,), `logits` (n, C) of the training points; `passes` () -> their blocks
    along `seeds.roots`; `vectors` (t, k) gradients of what a helpful point lowers; `weights` (n,) of the training
    points in the objective, which `passes` have too, or None."""

    network: network.Network
    x: np.ndarray
    y: np.ndarray
    logits: np.ndarray
    passes: Callable
    vectors: np.ndarray
    weights: np.ndarray | None


def of_run(run: Run, targets: np.ndarray) -> Opened:
    """The run's network, at its trained parameters.

    Raises:
        ValueError: as `network.opened`.
    """
    x, points = (precision.as_taken(run.model, samples) for samples in (run.x, run.queried.x[targets]))
    inner = network.opened(run.model, x, run.settings["curvature.precision"])
    logits = network.logits(inner, x)
    passes = network.kept_blocks(inner, x, seeds.roots(logits, run.point_weights))
    vectors = gradients.rows(inner, points, seeds.single(run.slopes(network.logits(inner, points), targets)))
    return Opened(inner, x, run.labels, logits, passes, vectors, run.point_weights)


def blocks(count: int) -> Iterator[slice]:
    """Targets, as many at a time as memory is reckoned for."""
    return (slice(start, min(start + network.TARGETS, count)) for start in range(0, count, network.TARGETS))


def factors(run: Run, opened: Opened) -> list[kronecker.Factors]:
    """Kronecker factors of every layer, as the settings want them."""
    form = run.settings["curvature.factors"]
    return kronecker.factors(opened.network, opened.passes(), len(opened.x), form, opened.weights)


def scores(opened: Opened, solve: Callable) -> np.ndarray:
    """(t, n) v^T solve(g_i) / n.

    Args:
        solve: (b, k) -> (b, k), a symmetric inverse.
    """
    own, n = seeds.single(residuals(opened.logits, opened.y, opened.weights)), len(opened.x)
    result = np.empty((len(opened.vectors), n))
    for part in blocks(len(result)):
        moved = solve(opened.vectors[part])
        result[part] = (
            gradients.along(opened.network, network.blocks(opened.network, opened.x, own), moved, n, 1)[0].T / n
        )
    return result


def damping_of(run: Run, opened: Opened, targets: np.ndarray, influence: Callable) -> float:
    """The damping that the settings ask for, see `chosen_damping.of_settings`.

    Args:
        influence: (opened, damping) -> (t, n), the method itself.
    """

    def of_few(places: np.ndarray, value: float) -> np.ndarray:
        return influence(opened._replace(vectors=opened.vectors[places]), value)

    trace = damping.trace(opened.passes(), len(opened.x))
    return chosen_damping.of_settings(run, targets, trace, opened.network.size, of_few)


def pairs(run: Run, targets: np.ndarray, inverse: Callable) -> np.ndarray:
    """(t, n) by an inverse of the curvature.

    Args:
        inverse: (run, opened) -> damping -> (b, k) -> (b, k).
    """
    opened = of_run(run, targets)
    solve = inverse(run, opened)

    def influence(opened: Opened, damping: float) -> np.ndarray:
        return scores(opened, solve(damping))

    return influence(opened, damping_of(run, opened, targets, influence))


def itself_by_inverse(run: Run, inverse: Callable) -> np.ndarray:
    """(n,) g_i^T solve(g_i) / n: influence of each training point on its own loss; one pass over the points.

    Args:
        inverse: as in `pairs`.
    """
    few = chosen_damping.spread(run, len(run.labels))
    opened = of_run(run, few)
    solve = inverse(run, opened)
    damping = damping_of(run, opened, few, lambda opened, value: scores(opened, solve(value)))
    return np.concatenate([(solve(damping)(g) * g).sum(axis=1) for _, g in gradients_of(opened)]) / len(opened.x)


def itself_by_influence(run: Run, influence_of: Callable) -> np.ndarray:
    """(n,) the same from influence on all training points, as many targets at a time as memory is reckoned for.

    Args:
        influence_of: (run, opened, count of targets) -> (opened, damping) -> (t, n).
    """
    few = chosen_damping.spread(run, len(run.labels))
    opened = of_run(run, few)
    influence = influence_of(run, opened, len(opened.x))
    damping, result = damping_of(run, opened, few, influence), np.empty(len(opened.x))
    for part, g in gradients_of(opened):
        result[part] = np.diag(influence(opened._replace(vectors=g), damping)[:, part])
    return result


def gradients_of(opened: Opened) -> Iterator[tuple[slice, np.ndarray]]:
    """Training points, a block at a time, and gradients (b, k) of their losses as they count in the objective."""
    r = residuals(opened.logits, opened.y, opened.weights)
    for part in blocks(len(opened.x)):
        yield part, gradients.rows(opened.network, opened.x[part], seeds.single(r[part]))
