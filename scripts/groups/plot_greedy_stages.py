"""Figure 8: the group that Algorithm 1 grows from the target's centre, at several stages."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.data import seed_points
from attribution.drawing import style as drawing
from attribution.evaluation import recovery
from attribution.files import hdf5
from attribution.files.results import groups as groups_file
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.decision_boundary import GRID_X, GRID_Y, LOGITS_GRID


def plot_greedy_stages(data: str, groups: str, boundary: str, target: int, style: str, dpi: int, path: str) -> None:
    """Draw six stages of the growth; one is the step at which the target's last point joins, if that happens, and the
    colours' scale marks where the group stops.
    """
    x, y, subgroup = hdf5.read(data, X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    name = hdf5.attributes(data)["subgroup_names"][target]
    seed = seed_points.central(x, subgroup, target)
    with hdf5.file(groups) as file:
        members = file[str(seed)][groups_file.MEMBERS][()]
        stopped, stop = groups_file.size(file[str(seed)].attrs, members), file[str(seed)].attrs[groups_file.STOP]
    grid = hdf5.read(boundary, GRID_X, GRID_Y, LOGITS_GRID)
    size = int((subgroup == target).sum())
    exhausted = recovery.exhausted_at(members, subgroup, target)
    wanted = [size // 4, size // 2, size, (size + len(members)) // 2, len(members), 5]
    if not np.isnan(exhausted):
        wanted[3 if exhausted > size else 0] = int(exhausted)
    stages = sorted({min(max(1, stage), len(members)) for stage in wanted})
    drawing.use(style)
    columns = 3
    figure, axes = plt.subplots(-(-len(stages) // columns), columns, figsize=(8.4, 3.2), sharex=True, sharey=True)
    for here, stage in zip(axes.flat, stages, strict=False):
        drawing.points(here, x, y, faint=True)
        drawing.boundary(here, *grid)
        here.scatter(
            *x[members[:stage]].T, c=np.arange(1, stage + 1), vmin=1, vmax=len(members), s=9, cmap="viridis", lw=0
        )
        drawing.seed(here, x[seed])
        inside = int((subgroup[members[:stage]] == target).sum())
        last = f"\n{name} exhausted" if stage == exhausted else ""
        here.set_title(f"{stage} members: {inside} of {size} {name}{last}")
        here.label_outer()
    for here in axes.flat[len(stages) :]:
        here.set_visible(False)
    scale = figure.colorbar(
        plt.cm.ScalarMappable(plt.Normalize(1, len(members)), "viridis"), ax=axes, label="iteration joined", shrink=0.7
    )
    if stopped < len(members):
        scale.ax.axhline(stopped, color=drawing.RED, lw=2)
        scale.ax.set_title(f"{stop} stops\nat {stopped}", color=drawing.RED)
    drawing.save(figure, path, dpi)


job.run(plot_greedy_stages, target=lambda subgroups, target: subgroups.index(target))
