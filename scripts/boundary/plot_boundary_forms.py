"""Forms of the group boundary against the exact one: share solved, and how much longer their moves are."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import pandas as pd

from attribution.drawing import style as drawing

COLOURS = {"random": drawing.BLUE, "clustered": drawing.RED}


def plot_boundary_forms(table: str, style: str, dpi: int, path: str) -> None:
    """Draw a line a form: share solved, ratio of the score to the exact one, share changed, steps.

    Above them the certificate of the exact form, the share of groups whose gap to the bound is proven to be small.
    """
    rows = pd.read_csv(table)
    forms = list(dict.fromkeys(rows.form))
    exact = rows[rows.form == "exact"].set_index(["kind", "class", "size", "draw"]).score
    rows = rows.join(exact.rename("exact"), on=["kind", "class", "size", "draw"])
    rows["ratio"] = rows.score / rows.exact
    drawing.use(style)
    figure, axes = plt.subplots(1, 4, figsize=(9.6, 0.8 + 0.55 * len(forms)), sharey=True)
    for i, form in enumerate(forms):
        for shift, (kind, colour) in zip((-0.17, 0.17), COLOURS.items(), strict=True):
            part = rows[(rows.form == form) & (rows.kind == kind)]
            axes[0].barh(i + shift, part.solved.mean(), height=0.3, color=colour, label=kind)
            axes[0].text(1.03, i + shift, f"{part.solved.mean():.0%}", va="center", fontsize=7)
            for here, column in zip(axes[1:], ("ratio", "share", "steps"), strict=True):
                values = part[column].dropna()
                if len(values):
                    low, middle, high = values.quantile([0.1, 0.5, 0.9])
                    here.errorbar(
                        middle, i + shift, xerr=[[middle - low], [high - middle]], fmt="o", color=colour, capsize=2
                    )
    axes[0].set(xlim=(0, 1.15), xlabel="share of groups solved")
    axes[1].set(xscale="log", xlabel="score / exact score")
    axes[1].axvline(1, color=drawing.FAINT, zorder=0)
    axes[2].set(xlim=(-0.03, 1.03), xlabel="share of members changed")
    axes[3].set(xscale="log", xlabel="steps")
    axes[0].set_yticks(range(len(forms)), forms)
    axes[0].invert_yaxis()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles[:2], labels[:2], loc="outside upper center", ncols=2, title=_certificate(rows))
    drawing.save(figure, path, dpi)


def _certificate(rows: pd.DataFrame) -> str | None:
    """What is proven of the exact form: how far below its moves the bound lies that none can fall below."""
    found = rows[rows.form == "exact"]
    if not len(found):
        return None
    gap = 1 - found.bound / found.norm
    return (
        f"exact: no move is shorter by more than 1 % of its length in {(gap < 0.01).mean():.0%} of the groups, by more "
        f"than 5 % in {(gap < 0.05).mean():.0%}"
    )


job.run(plot_boundary_forms)
