"""Flipped labels found by inspecting the points that each score puts first."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import style as drawing
from attribution.evaluation import inspection
from attribution.files import hdf5

# colour, line and marker of each method: loss and margin may coincide, so that their dashes interleave
LOOKS = {
    "boundary": (drawing.BLUE, "-", "o"),
    "boundary-signed": (drawing.SKY, "-", "s"),
    "boundary-label": (drawing.BLACK, (0, (2, 2)), "X"),
    "self-influence": (drawing.RED, "-", "^"),
    "margin": (drawing.GREEN, (0, (4, 4)), "D"),
    "loss": (drawing.ORANGE, (4, (4, 4)), "v"),
    "embedding-neighbours": (drawing.PINK, "-", "P"),
    "input-neighbours": ("#888888", "-", "*"),
    "self-influence-untrained": (drawing.RED, ":", "2"),
    "embedding-neighbours-untrained": (drawing.PINK, ":", "+"),
}
# of methods that are named in the settings beside these
MORE = tuple(
    (colour, (0, (6, 2)), mark)
    for mark, colour in zip(
        "<>hpd", (drawing.BLUE, drawing.GREEN, drawing.ORANGE, drawing.BLACK, drawing.SKY), strict=True
    )
)


def looks(methods: list[str]) -> dict[str, tuple]:
    """Colour, line and marker of each of the methods."""
    others = [name for name in methods if name not in LOOKS]
    more = {name: MORE[place % len(MORE)] for place, name in enumerate(others)}
    return {name: (LOOKS | more)[name] for name in methods}


def verdict(rows: pd.DataFrame, metric: str) -> str:
    """One sentence: the best method of a metric, and whether its interval sets it apart from the baseline."""
    plain = rows[(rows.metric == metric) & (rows.baseline == "") & (rows.method != inspection.RANDOM)]
    paired = rows[(rows.metric == metric) & (rows.baseline != "")].set_index("method")
    value = plain.set_index("method").value
    leaders = list(value.index[value == value.max()])
    best, baseline = leaders[0], paired.baseline.iloc[0]
    named = f"{metric}: {', '.join(leaders)} {value[best]:.3f}"
    if baseline in leaders:
        return named
    gap = paired.loc[best]
    word = "ahead of" if gap.low > 0 else "not told apart from"
    return f"{named}, {word} {baseline} {value[baseline]:.3f} (difference {gap.low:.4f} to {gap.high:.4f})"


def plot_inspection(curves: str, table: str, level: float, style: str, dpi: int, path: str) -> None:
    """Draw the curves, and beside them the shares found after the first points."""
    rows = pd.read_csv(table, keep_default_na=False)
    drawing.use(style)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.7), width_ratios=[1.15, 1])
    with hdf5.file(curves) as file:
        shares, flips = 100 * file["shares"][()], file["flipped"][()].mean()
        methods = [name for name in dict.fromkeys(rows.method) if name != inspection.RANDOM]
        drawn = {name: [100 * file[f"{part}/{name}"][()] for part in ("curves", "low", "high")]
                 for name in (*methods, inspection.RANDOM)}  # fmt: skip
    chosen = looks(methods)
    best = np.minimum(100, shares / flips)
    left.plot(shares, best, color=drawing.BLACK, lw=0.8, ls=":", label="best possible")
    for i, (name, (value, low, high)) in enumerate(drawn.items()):
        colour, line, mark = chosen.get(name, ("#888888", "--", ""))
        left.fill_between(shares, low, high, color=colour, alpha=0.18, lw=0)
        # marks at other places on each line, so that coinciding lines show all of theirs
        left.plot(shares, value, color=colour, ls=line, marker=mark, markevery=(4 + 3 * i, 20), label=name)
    left.set(xlabel="training points inspected, %", ylabel="flipped labels found, %", xlim=(0, 100), ylim=(0, 102))
    plain = rows[rows.baseline == ""]
    metrics = [metric for metric in dict.fromkeys(plain.metric) if metric != inspection.AREA]
    shift = np.linspace(-0.36, 0.36, len(chosen))
    for place, metric in enumerate(metrics):
        found = plain[plain.metric == metric].set_index("method")
        for offset, (name, (colour, _, mark)) in zip(shift, chosen.items(), strict=True):
            row = 100 * found.loc[name, ["value", "low", "high"]].astype(float)
            right.errorbar(
                place + offset, row.value, yerr=[[row.value - row.low], [row.high - row.value]], fmt=mark, color=colour,
                ms=4, lw=1.2, capsize=2,
            )  # fmt: skip
        chance = 100 * found.loc[inspection.RANDOM, ["value", "low", "high"]].astype(float)
        right.fill_between([place - 0.42, place + 0.42], chance.low, chance.high, color="#888888", alpha=0.3, lw=0)
        right.plot([place - 0.42, place + 0.42], [chance.value] * 2, color="#888888", ls="--")
    first = [metric.removeprefix("found@").replace("%", " %") for metric in metrics]
    right.set_xticks(range(len(metrics)), first)
    right.set(xlabel="first training points", ylabel="flipped labels found, %", ylim=(0, 102))
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    sentences = [verdict(rows, metric) for metric in (metrics[0], inspection.AREA)]
    figure.suptitle("\n".join([*sentences, f"bars and bands: {100 * level:g} %"]), fontsize=8.5)
    drawing.save(figure, path, dpi)


job.run(plot_inspection, curves="input.inspection")
