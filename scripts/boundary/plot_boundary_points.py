"""Boundary score of every training point against its self-influence and its margin."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from scipy import stats

from attribution.boundary import points as boundaries
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.boundary import INDEX, SCORE
from attribution.files.results.data import FLIPPED_TRAIN, Y_TRAIN
from attribution.files.results.gradients import LOGITS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE

# cells across a panel, and flipped points that are marked at most
CELLS = 55
MARKED = 300
# decades below the median score and self-influence that a panel shows
DECADES = 4


def label_margins(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64 logit of the label minus the largest other one."""
    full, rows = boundaries.class_logits(logits), np.arange(len(labels))
    return full[rows, labels] - full[rows, boundaries.runner_up(logits, labels)]


def plot_boundary_points(files: dict, scope: str, style: str, dpi: int, path: str) -> None:
    """Draw both panels; points without a boundary are left out, and the title says how many.

    Args:
        files: paths of `data`, `gradients` and `influence` (of the last layer), `boundary`. scope: in words.
    """
    (y,) = hdf5.read(files["data"], Y_TRAIN)
    (logits,) = hdf5.read(files["gradients"], LOGITS_TRAIN)
    (own,) = hdf5.read(files["influence"], SELF_INFLUENCE)
    index, score = hdf5.read(files["boundary"], INDEX, SCORE)
    with hdf5.file(files["data"]) as file:
        flipped = file[FLIPPED_TRAIN][()][index] if FLIPPED_TRAIN in file else np.zeros(len(index), bool)
    known = np.isfinite(score)
    own, margin = own[index][known], label_margins(logits[index], y[index])[known]
    score, flipped = score[known], flipped[known]
    drawing.use(style)
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.3))
    log_score = np.log10(np.maximum(score, np.finfo(float).tiny))
    log_own = np.log10(np.maximum(own, np.finfo(float).tiny))
    panels = (
        (log_own, log_score, own, "log10 self-influence", "log10 boundary score"),
        (margin, score, margin, "margin", "boundary score"),
    )
    marked = np.flatnonzero(flipped)
    if len(marked) > MARKED:
        marked = np.sort(np.random.default_rng(0).choice(marked, MARKED, replace=False))
    for here, (across, up, ranked, xlabel, ylabel) in zip(axes, panels, strict=True):
        inside = np.ones(len(up), bool)
        if here is axes[0]:
            inside = (up > np.median(up) - DECADES) & (across > across.max() - 3 * DECADES)
        cells = here.hexbin(across[inside], up[inside], gridsize=CELLS, norm=LogNorm(), cmap="cividis", lw=0.1)
        shown = marked[inside[marked]]
        if len(shown):
            every = "" if len(marked) == flipped.sum() else f", {len(marked)} of {flipped.sum()}"
            here.plot(
                across[shown], up[shown], "o", ms=3.2, mfc="none", mec=drawing.RED, mew=0.9,
                label=f"label flipped{every}",
            )  # fmt: skip
        figure.colorbar(cells, ax=here, label="points")
        rho = stats.spearmanr(score, ranked).statistic
        text = f"Spearman {rho:.2f}"
        if here is axes[1]:
            text += f", with |margin| {stats.spearmanr(score, np.abs(ranked)).statistic:.2f}"
        left_out = f", {(~inside).sum()} outside" if (~inside).any() else ""
        here.set(xlabel=xlabel, ylabel=ylabel, title=f"{text}{left_out}")
    unsolved = f", {(~known).sum()} without a boundary left out" if (~known).any() else ""
    figure.suptitle(f"{scope}, {known.sum()} points{unsolved}", fontsize=9.5)
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center")
    drawing.save(figure, path, dpi)


job.run(plot_boundary_points)
