"""Figure 9: normalised influence while the group fills one subgroup and then the next."""

from attribution import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

import matplotlib.pyplot as plt
import numpy as np

from attribution import drawing, h5, names, recovery, seed_points


def plot_turning_point(
    data: str, groups: list[str], rules: list[str], target: int, style: str, dpi: int, path: str
) -> None:
    """Draw I(G, G) / |G| and the group's make-up for each selection rule."""
    x, subgroup = h5.read(data, names.X_TRAIN, names.SUBGROUP_TRAIN)
    subgroup_names = h5.attributes(data)["subgroup_names"]
    seed = seed_points.central(x, subgroup, target)
    size = int((subgroup == target).sum())
    drawing.use(style)
    figure, axes = plt.subplots(
        2, len(rules), figsize=(1 + 2.1 * len(rules), 3.9), sharex=True, squeeze=False, height_ratios=[1.4, 1]
    )
    for column, (rule, path_group) in enumerate(zip(rules, groups, strict=True)):
        members, path_influence = h5.read(path_group, f"{seed}/{names.MEMBERS}", f"{seed}/{names.NORMALISED_INFLUENCE}")
        steps = np.arange(1, len(members) + 1)
        turning = recovery.turning_point(path_influence)
        above, below = axes[:, column]
        above.plot(steps, path_influence / path_influence.max(), color=drawing.BLACK)
        above.axvline(turning, color=drawing.RED, ls="--", lw=1)
        above.plot(turning, 1.0, "v", color=drawing.RED, label=f"maximum at {turning}")
        above.axvline(size, color=drawing.BLUE, ls=":", lw=1.2, label=f"subgroup size {size}")
        above.set_title(rule)
        above.legend(loc="lower right", fontsize=7, handlelength=1.2)
        marks = (("-", drawing.RED), ("--", drawing.GREEN), (":", drawing.BLUE))
        for number, (name, (dash, colour)) in enumerate(zip(subgroup_names, marks, strict=False)):
            below.plot(steps, np.cumsum(subgroup[members] == number), dash, color=colour, label=name)
        below.axvline(size, color=drawing.BLUE, ls=":", lw=1.2)
        below.set_xlabel("iteration")
    axes[0, 0].set_ylabel("I(G, G) / |G|, relative\nto its maximum")
    axes[1, 0].set_ylabel("members from")
    axes[1, 0].legend(loc="upper left", fontsize=7)
    drawing.save(figure, path, dpi)


if "snakemake" in globals():
    plot_turning_point(
        snakemake.input.data,
        snakemake.input.groups,
        snakemake.params.rules,
        snakemake.params.subgroups.index(snakemake.params.target),
        snakemake.input.style,
        snakemake.params.dpi,
        snakemake.output.png,
    )
