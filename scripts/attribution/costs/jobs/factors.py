"""Work on the two factors of the last layer's gradients, which many rules do."""

from attribution.costs import stages as cost
from attribution.costs.jobs.machine import CORE, PLAIN, TENSORFLOW

EVERY_PAIR_TARGETS = 10
KERNEL_POINTS = 15_800  # whose kernel is 2 GB, influence.matrix_gb


def work(copies: float, passes: float):
    """Cost of so many copies of the factors in memory and so many products of all points with one vector."""

    def found(size: dict) -> tuple:
        n, D, C = size["n"], size["D"], size["C"]
        base = PLAIN + 8 * (D * C) ** 2 * 2 + size["n"] * size["sample_bytes"]
        held = base + copies * cost.factor_bytes(n + size["m"], D, C)
        targets = size.get("targets", EVERY_PAIR_TARGETS)
        flops = passes * cost.all_pairs(1, n, D, C)["flops"]
        return held + 2 * 8 * targets * n, 10 + flops / CORE, flops

    return found


def divided(size: dict) -> tuple:
    """k-means on the factors, and kernels of all points where memory is reckoned for them."""
    n, restarts = size["n"], 20
    kernels = 6 * 8 * min(n, KERNEL_POINTS) ** 2
    passes = 2 * restarts * size["classes"] * 30
    held, seconds, flops = work(4, passes)(size | {"targets": 0})
    return TENSORFLOW + held + kernels, 120 + seconds, flops
