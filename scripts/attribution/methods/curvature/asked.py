"""What methods of curvature need of a run: its network opened, gradients of the targets, and the damping."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from attribution.curvature import damping, gradients, kronecker, network, seeds
from attribution.methods.run import Run
from attribution.networks import precision
from attribution.numerics.residuals import residuals


class Asked(NamedTuple):
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


def opened(run: Run, targets: np.ndarray) -> Asked:
    """The run's network, at its trained parameters.

    Raises:
        ValueError: as `network.opened`.
    """
    x, points = (precision.as_taken(run.model, samples) for samples in (run.x, run.queried.x[targets]))
    inner = network.opened(run.model, x, run.settings["curvature.precision"])
    logits = network.logits(inner, x)
    passes = network.kept_blocks(inner, x, seeds.roots(logits, run.point_weights))
    vectors = gradients.rows(inner, points, seeds.single(run.slopes(network.logits(inner, points), targets)))
    return Asked(inner, x, run.labels, logits, passes, vectors, run.point_weights)


def blocks(count: int) -> Iterator[slice]:
    """Targets, as many at a time as memory is reckoned for."""
    return (slice(start, min(start + network.TARGETS, count)) for start in range(0, count, network.TARGETS))


def factors(run: Run, asked: Asked) -> list[kronecker.Factors]:
    """Kronecker factors of every layer, as the settings want them."""
    form = run.settings["curvature.factors"]
    return kronecker.factors(asked.network, asked.passes(), len(asked.x), form, asked.weights)


def scores(asked: Asked, solve: Callable) -> np.ndarray:
    """(t, n) v^T solve(g_i) / n.

    Args:
        solve: (b, k) -> (b, k), a symmetric inverse.
    """
    own, n = seeds.single(residuals(asked.logits, asked.y, asked.weights)), len(asked.x)
    result = np.empty((len(asked.vectors), n))
    for part in blocks(len(result)):
        moved = solve(asked.vectors[part])
        result[part] = gradients.along(asked.network, network.blocks(asked.network, asked.x, own), moved, n, 1)[0].T / n
    return result


def chosen_damping(run: Run, asked: Asked, targets: np.ndarray, influence: Callable) -> float:
    """The damping that the settings ask for; what was chosen and how stands in `run.facts`.

    Args:
        influence: (asked, damping) -> (t, n), the method itself.
    """
    chosen, n = run.settings["curvature.damping"], len(asked.x)
    trace = damping.trace(asked.passes(), n)
    if chosen["mode"] != "trajectory":
        added = damping.value(chosen, trace, asked.network.size, n)
    else:
        places = np.unique(np.linspace(0, len(targets) - 1, min(chosen["targets"], len(targets))).round().astype(int))
        few = asked._replace(vectors=asked.vectors[places])
        added, tried = damping.best(
            lambda value: influence(few, value), derivative(run, targets[places]), trace / n
        )  # fmt: skip
        run.facts["damping_agreement"] = max(tried.values())
        print("agreement with the training's derivative, by damping:", *(
            f"{value:.3g}: {found:.3f}" for value, found in sorted(tried.items())), flush=True)  # fmt: skip
    run.facts |= {"damping": added, "damping_mode": chosen["mode"], "trace": trace}
    return added


def derivative(run: Run, targets: np.ndarray) -> np.ndarray:
    """(t, n) what the exact derivative of the smoothed training says that each point lowers."""
    # loaded where a training is run again, and not for a fixed damping
    from attribution.methods.unrolled import metagradient

    return metagradient.derivative(run, targets, metagradient.chosen_beta(run, targets), None)[0]


def pairs(run: Run, targets: np.ndarray, inverse: Callable) -> np.ndarray:
    """(t, n) by an inverse of the curvature.

    Args:
        inverse: (run, asked) -> damping -> (b, k) -> (b, k).
    """
    asked = opened(run, targets)
    solve = inverse(run, asked)

    def influence(asked: Asked, damping: float) -> np.ndarray:
        return scores(asked, solve(damping))

    return influence(asked, chosen_damping(run, asked, targets, influence))


def itself_by_inverse(run: Run, inverse: Callable) -> np.ndarray:
    """(n,) g_i^T solve(g_i) / n: influence of each training point on its own loss; one pass over the points.

    Args:
        inverse: as in `pairs`.
    """
    few = sample(run)
    asked = opened(run, few)
    solve = inverse(run, asked)
    damping = chosen_damping(run, asked, few, lambda asked, value: scores(asked, solve(value)))
    return np.concatenate([(solve(damping)(g) * g).sum(axis=1) for _, g in gradients_of(asked)]) / len(asked.x)


def itself_by_influence(run: Run, influence_of: Callable) -> np.ndarray:
    """(n,) the same from influence on all training points, as many targets at a time as memory is reckoned for.

    Args:
        influence_of: (run, asked, count of targets) -> (asked, damping) -> (t, n).
    """
    few = sample(run)
    asked = opened(run, few)
    influence = influence_of(run, asked, len(asked.x))
    damping, result = chosen_damping(run, asked, few, influence), np.empty(len(asked.x))
    for part, g in gradients_of(asked):
        result[part] = np.diag(influence(asked._replace(vectors=g), damping)[:, part])
    return result


def sample(run: Run) -> np.ndarray:
    """Some training points by which a damping may be chosen, evenly spread."""
    n = len(run.labels)
    return np.unique(np.linspace(0, n - 1, min(run.settings["curvature.damping"]["targets"], n)).round().astype(int))


def gradients_of(asked: Asked) -> Iterator[tuple[slice, np.ndarray]]:
    """Training points, a block at a time, and gradients (b, k) of their losses as they count in the objective."""
    r = residuals(asked.logits, asked.y, asked.weights)
    for part in blocks(len(asked.x)):
        yield part, gradients.rows(asked.network, asked.x[part], seeds.single(r[part]))
