"""Scores of methods, and judges of them."""

from attribution.costs.jobs import boundary, factors, groups
from attribution.costs.jobs.machine import CORE


def _inspection(size: dict) -> tuple:
    flops = 2.0 * size["n"] ** 2 * size["D"]
    return factors.work(6, 4)(size)[0], 60 + flops / CORE, 0.0


def _scores(size: dict) -> tuple:
    """Scores of one method: what the most expensive of them takes, neighbours of all points or pairs of the images."""
    held, seconds, flops = factors.work(12, 143 * 6)(size)
    return held, seconds + _inspection(size)[1], flops


def _grown(size: dict) -> tuple:
    """Groups by one method from the seeds of a table: what the most expensive of them takes.

    That is a form of the boundary, or Algorithm 1, which goes with the number of seeds and with the square of k = D C:
    with a number of seeds of each class, with the third power of the classes, up to `most` of overlap.seeds.
    """
    grown = {"group_seeds": size["compared_seeds"], "group_size": size["compared_size"], "adaptive": False}
    of_scores, seconds, _ = groups.grown(size | grown)
    held = max(of_scores, factors.work(12, 8 * 143 * 6)(size)[0])
    return held, max(boundary.A_SEED * size["compared_seeds"], seconds, factors.work(8, 2 * 150 * 26)(size)[1]), 0.0


COSTS = {
    "evaluate_study": factors.work(6, 100),
    "measure_overlap": factors.work(8, 4 * 100 * 12),
    "measure_retrieval": factors.work(12, 8 * 143 * 6),
    "measure_inspection": _inspection,
    "score_method": _scores,
    "group_method": _grown,
}
