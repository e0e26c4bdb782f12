"""Curves by which a criterion chose how many parts a partition has."""

import matplotlib.pyplot as plt

from attribution.drawing import style as drawing
from attribution.files.results.partition import BY_RETRAINING, COUNTS, CRITERION, ERROR, METHODS, NUMBER_BY

# what a criterion is, in which unit: an adjusted Rand index has none
QUANTITIES = {
    "gap": "gap to uniform points,\nin log of summed squares (nats)",
    "stability": "stability: adjusted Rand index\nof two resamples",
    "removal": "removal effect: own minus other,\nchange of cross-entropy (nats)",
}
LOOKS = tuple(zip(
    (drawing.BLUE, drawing.RED, drawing.GREEN, drawing.ORANGE, drawing.PINK, drawing.SKY, drawing.BLACK), "osD^vP*",
    strict=True))  # fmt: skip
LINES = ("-", "--", ":")  # methods beyond as many as there are looks


def read(partition) -> dict[str, tuple]:
    """Of an open partition.h5: method -> counts, values, standard errors (q,), the number chosen, the criterion.

    Without the partition that was chosen among the others, which has the curve of one of them.
    """
    return {
        name: (*(partition[name][key][()] for key in (COUNTS, CRITERION, ERROR)), partition[name].attrs["parts"],
               partition[name].attrs[NUMBER_BY])
        for name in partition.attrs[METHODS] if COUNTS in partition[name] and name != BY_RETRAINING
    }  # fmt: skip


def curves(axes: plt.Axes, found: dict[str, tuple]) -> None:
    """A line a method: the criterion at each number of parts, and a ring at the number that it chose.

    Args:
        found: of `read`; one criterion for all, as a file has.
    """
    for place, (name, (counts, value, error, chosen, _)) in enumerate(found.items()):
        (colour, marker), line = LOOKS[place % len(LOOKS)], LINES[place // len(LOOKS) % len(LINES)]
        axes.errorbar(counts, value, yerr=error, color=colour, marker=marker, ls=line, ms=3, lw=0.8, capsize=1.5,
                      label=name)  # fmt: skip
        axes.scatter(chosen, value[counts == chosen], s=60, facecolors="none", edgecolors=colour)
    (criterion,) = {by for *_, by in found.values()}
    axes.set(xlabel="number of parts", ylabel=QUANTITIES[criterion])
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=6.5)
