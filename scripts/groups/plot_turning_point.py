"""Figure 9: normalised influence while the group fills one subgroup and then the next."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.data import seed_points
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN
from attribution.files.results.groups import COSINE, MEMBERS, NORMALISED_INFLUENCE
from attribution.groups import turning

# dashes and colours of subgroups
LOOKS = (("-", drawing.RED), ("--", drawing.GREEN), (":", drawing.BLUE), ("-.", drawing.PINK))


def plot_turning_point(
    data: str, groups: list[str], rules: list[str], target: int, style: str, dpi: int, path: str
) -> None:
    """Draw I(G, G) / |G|, the cosine of each new member and the group's make-up, for each selection rule."""
    x, subgroup = hdf5.read(data, X_TRAIN, SUBGROUP_TRAIN)
    subgroup_names = hdf5.attributes(data)["subgroup_names"]
    seed = seed_points.central(x, subgroup, target)
    size = int((subgroup == target).sum())
    drawing.use(style)
    figure, axes = plt.subplots(3, len(rules), figsize=(1 + 2.1 * len(rules), 5.2), sharex=True, squeeze=False)
    for column, (rule, path_group) in enumerate(zip(rules, groups, strict=True)):
        members, normalised, cosine = hdf5.read(
            path_group, *(f"{seed}/{name}" for name in (MEMBERS, NORMALISED_INFLUENCE, COSINE))
        )
        steps = np.arange(1, len(members) + 1)
        turn, highest = turning.turning_point(cosine), int(np.argmax(normalised)) + 1
        above, middle, below = axes[:, column]
        above.plot(steps, normalised / normalised.max(), color=drawing.BLACK)
        above.plot(highest, 1.0, "v", color=drawing.RED, clip_on=False)
        above.set_title(f"{rule}\nmaximum at {highest}, turn at {turn}")
        middle.plot(steps, cosine, color=drawing.BLACK)
        for number, (name, look) in enumerate(zip(subgroup_names, LOOKS, strict=False)):
            dash, colour = look
            below.plot(steps, np.cumsum(subgroup[members] == number), dash, color=colour, label=name)
        for here in (above, middle, below):
            here.axvline(size, color=drawing.SKY, lw=2.5, alpha=0.6, label="subgroup's size", zorder=0)
            here.axvline(turn, color=drawing.RED, ls="--", lw=1, label="turning point")
        middle.set_ylim(-0.05, 1.05)
        below.set_xlabel("group size")
    axes[0, 0].set_ylabel("I(G, G) / |G|, relative\nto its maximum")
    axes[1, 0].set_ylabel("cosine of the new\nmember with the group")
    axes[2, 0].set_ylabel("members from each\nsubgroup")
    figure.legend(*axes[2, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    drawing.save(figure, path, dpi)


job.run(plot_turning_point, target=lambda subgroups, target: subgroups.index(target))
