"""The damping that `curvature.damping` asks for, of methods of all layers and of the last one."""

from collections.abc import Callable

import numpy as np

from attribution.curvature import damping
from attribution.methods.run import Run


def of_settings(run: Run, targets: np.ndarray, trace: float, size: int, influence: Callable) -> float:
    """The number added to the curvature's diagonal; what was chosen and how stands in `run.facts`.

    Mode `trajectory` chooses by some of the targets, see `spread`, so that with other targets it may be another.

    Args:
        targets: (t,) that the method is asked about. trace: of its curvature. size: parameters.
        influence: (places (b,) among the targets, damping) -> (b, n), the method itself, for mode `trajectory`.
    """
    chosen, n = run.settings["curvature.damping"], len(run.labels)
    if chosen["mode"] == "trajectory":
        places = spread(run, len(targets))
        added, tried = damping.best(
            lambda value: influence(places, value), derivative(run, targets[places]), trace / n
        )  # fmt: skip
        run.facts["damping_agreement"] = max(tried.values())
        print("agreement with the training's derivative, by damping:", *(
            f"{value:.3g}: {found:.3f}" for value, found in sorted(tried.items())), flush=True)  # fmt: skip
    else:
        added = damping.value(chosen, trace, size, n)
    run.facts |= {"damping": added, "damping_mode": chosen["mode"], "trace": trace}
    return added


def spread(run: Run, count: int) -> np.ndarray:
    """Places among so many points of those by which a damping is chosen, evenly spread."""
    few = min(run.settings["curvature.damping"]["targets"], count)
    return np.unique(np.linspace(0, count - 1, few).round().astype(int))


def derivative(run: Run, targets: np.ndarray) -> np.ndarray:
    """(t, n) what the exact derivative of the smoothed training says that each point lowers."""
    # loaded where a training is run again, and not for a fixed damping
    from attribution.methods.unrolled import metagradient_smooth

    return metagradient_smooth.smoothed(run, targets, None)[0]
