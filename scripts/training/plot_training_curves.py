"""Loss and accuracy of a network by epoch, on training, held-out and test points."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import pandas as pd

from attribution.drawing import style as drawing

# prefix of the columns: name, colour, line, marker
LOOKS = {
    "": ("training", drawing.BLUE, "-", "o"), "validation_": ("validation", drawing.GREEN, ":", "^"),
    "test_": ("test", drawing.RED, "--", "s"),
}  # fmt: skip


def plot_training_curves(history: str, model: str, style: str, dpi: int, path: str) -> None:
    """Draw the columns of history.csv, those of points held out where it has them; the title gives where they end."""
    rows = pd.read_csv(history)
    looks = {part: look for part, look in LOOKS.items() if f"{part}loss" in rows}
    apart = " " if len(looks) < len(LOOKS) else "\n"
    drawing.use(style)
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.7))
    for here, metric in zip(axes, ("loss", "accuracy"), strict=True):
        for part, (name, colour, dash, mark) in looks.items():
            here.plot(rows.epoch, rows[f"{part}{metric}"], dash, marker=mark, color=colour, label=name)
        ends = ", ".join(f"{name} {rows[f'{part}{metric}'].iloc[-1]:.3f}" for part, (name, *_) in looks.items())
        here.set(xlabel="epoch", ylabel=metric, title=f"{model}:{apart}{ends}")
        here.xaxis.get_major_locator().set_params(integer=True)
    axes[0].legend()
    drawing.save(figure, path, dpi)


job.run(plot_training_curves)
