"""Figure 15: boundary scores of random groups and of clusters in the embedding, by size and class."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import pandas as pd

from attribution.drawing import style as drawing

COLOURS = {"random": (drawing.BLUE, "o", "-"), "clustered": (drawing.RED, "s", "--")}


def plot_group_boundary(table: str, shown: list[str], style: str, dpi: int, path: str) -> None:
    """Draw a row a form and a column a class: median score by size, with its quartiles, of both kinds of groups."""
    rows = pd.read_csv(table)
    classes = list(dict.fromkeys(rows["class"]))
    alone = [name for name in shown if name in classes] or classes
    columns = {name: [name] for name in alone}
    rest = [name for name in classes if name not in alone]
    if rest:
        columns[f"the other {len(rest)} classes"] = rest
    forms = list(dict.fromkeys(rows.form))
    drawing.use(style)
    figure, axes = plt.subplots(
        len(forms), len(columns), figsize=(2.7 * len(columns) + 0.8, 1.5 * len(forms) + 0.7),
        sharex=True, sharey="row", squeeze=False,
    )  # fmt: skip
    for line, form in zip(axes, forms, strict=True):
        for here, (title, members) in zip(line, columns.items(), strict=True):
            part = rows[(rows.form == form) & rows["class"].isin(members)]
            for shift, (kind, (colour, mark, stroke)) in zip((0.97, 1.03), COLOURS.items(), strict=True):
                found = part[part.kind == kind].groupby("size")
                score = found.score.quantile([0.25, 0.5, 0.75]).unstack()
                here.errorbar(
                    score.index * shift, score[0.5], yerr=[score[0.5] - score[0.25], score[0.75] - score[0.5]],
                    color=colour, marker=mark, ls=stroke, capsize=2, label=kind,
                )  # fmt: skip
                solved = found.solved.mean()
                for size, share in solved[solved < 1].items():
                    here.annotate(
                        f"{share:.0%}", (size * shift, 0.02 if kind == "random" else 0.12),
                        xycoords=("data", "axes fraction"), ha="center", fontsize=6, color=colour,
                    )  # fmt: skip
            here.set_xscale("log")
            sizes = sorted(rows["size"].unique())
            here.set_xticks(sizes, [str(size) for size in sizes])
            here.minorticks_off()
            if here in axes[0]:
                here.set_title(title)
        line[0].set_ylabel(f"{form}\nmove's length")
        line[0].set_ylim(bottom=0)
    for here in axes[-1]:
        here.set_xlabel("members of the group")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    drawing.save(figure, path, dpi)


job.run(plot_group_boundary)
