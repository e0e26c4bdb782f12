"""What a user reads."""

from attribution.costs.jobs import networks, truth
from attribution.costs.jobs.machine import CORE, DRAWING


def _listed(size: dict) -> tuple:
    """A table of all training points, with the samples, of which order between equal scores is made."""
    return DRAWING + size["n"] * (2 * size["sample_bytes"] + 8 * (size["C"] + 100)), 20 + size["n"] / 1e4, 0.0


def _page(size: dict) -> tuple:
    """Whitened gradients of the page's points, their cosines, and the logits of all."""
    points = min(size["page_points"], size["n"])
    moved, cosines = 8 * size["D"] * size["C"] * points, 8 * points**2
    flops = 4.0 * (size["D"] * size["C"]) ** 2 * points
    held = DRAWING + 3 * moved + 6 * cosines + 16 * size["n"] * (size["C"] + 20) + 2 * points * size["sample_bytes"]
    return held, 40 + flops / CORE, flops


COSTS = {
    "predict_folds": lambda size: networks.on_parts(size | {"members": size["folds"]}),
    "list_suspicious": _listed,
    "explain_method": lambda size: truth.attributed(size | {"tested": size["explained"]}),
    "list_explanations": _listed,
    "write_explore_page": _page,
}
