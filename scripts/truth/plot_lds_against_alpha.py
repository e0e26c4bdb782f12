"""Linear datamodelling score against the share of the training set that stays, a panel a model and truth."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.drawing import methods as looks
from attribution.drawing import style as drawing


def plot_lds_against_alpha(table: str, known: dict, style: str, dpi: int, path: str) -> None:
    """Draw a line a method, controls broken, and its name and score at the largest share beside the axes.

    Args:
        table: of `measure_lds`. known: method -> family, and whether it is a control.
    """
    rows = pd.read_csv(table)
    drawing.use(style)
    figure, panels = looks.panels(rows)
    bottom = min(-0.1, rows.lds.min() - 0.05)
    for here, part, height in panels:
        alphas = sorted(part.alpha.unique())
        margin = 0.05 * max(alphas[-1] - alphas[0], 0.1)
        here.set(xlim=(alphas[0] - margin, alphas[-1] + margin), ylim=(bottom, 1.05), xticks=alphas)
        here.set_xticklabels([f"{alpha:g}" for alpha in alphas])
        for name, looking in looks.NOISE.items():
            noise = part[part.method == name].sort_values("alpha")
            here.plot(noise.alpha, noise.lds, looking, color=drawing.BLACK, lw=0.9)
        looks.lines(here, part, "alpha", "lds", known, height)
        here.set(xlabel="share of the training set in a subset", ylabel="LDS")
    looks.legend(figure, rows, known)
    drawing.save(figure, path, dpi)


job.run(plot_lds_against_alpha)
