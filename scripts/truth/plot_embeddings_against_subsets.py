"""Figure 10 with every approximation: agreement of each method's embedding with datamodels on more and more subsets."""

from attribution.runtime import job

job.begin()

import itertools

import pandas as pd

from attribution.drawing import methods as looks
from attribution.drawing import style as drawing


def plot_embeddings_against_subsets(table: str, known: dict, style: str, dpi: int, path: str) -> None:
    """Draw a line a method, controls broken, and its name and agreement at the most subsets beside the axes.

    Args:
        table: of `measure_embeddings`, of several methods. known: method -> family, and whether it is a control.
    """
    rows = pd.read_csv(table)
    # these datamodels against themselves on all subsets end at 1
    rows = rows[(rows.method != "datamodel-ridge") & rows.method.isin([*known, looks.FLOOR])]
    drawing.use(style)
    width = lambda row: f" ±{(row.high - row.low) / 2:.2f}"  # noqa: E731
    figure, panels = looks.panels(rows)
    bottom = min(-0.1, rows.agreement.min() - 0.05)
    for here, part, height in panels:
        counts = sorted(part.subsets.unique())
        here.set(xscale="log", xlim=(counts[0] / 1.2, counts[-1] * 1.2), ylim=(bottom, 1.05))
        # a number whose successor is near has no room
        room = [following > 1.4 * count for count, following in itertools.pairwise(counts)] + [True]
        here.set_xticks(counts, [f"{count:g}" if own else "" for count, own in zip(counts, room, strict=True)])
        here.minorticks_off()
        floor = part[part.method == looks.FLOOR].sort_values("subsets")
        here.fill_between(floor.subsets, floor.low, floor.high, color=drawing.BLACK, alpha=0.12, lw=0)
        here.plot(floor.subsets, floor.agreement, "--", color=drawing.BLACK, lw=0.9)
        looks.lines(here, part, "subsets", "agreement", known, height, width)
        here.set(xlabel="subsets that datamodels are fitted on", ylabel="rank correlation of distances")
    looks.legend(figure, rows, known, "datamodels on as many other subsets")
    drawing.save(figure, path, dpi)


job.run(plot_embeddings_against_subsets)
