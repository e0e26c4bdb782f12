"""Figure 9: normalised influence while a group fills one subgroup and then the next, in random and in greedy order."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.data import seed_points
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results import groups as groups_file
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN
from attribution.files.results.groups import COSINE, MEMBERS, NORMALISED_INFLUENCE, STOP
from attribution.files.results.growth import ONE_AFTER_OTHER
from attribution.groups import turning

# dashes and colours of subgroups
LOOKS = (("-", drawing.RED), ("--", drawing.GREEN), (":", drawing.BLUE), ("-.", drawing.PINK))
BAND = (5, 95)  # percentiles over random orders


def plot_turning_point(
    data: str,
    growth: str,
    groups: list[str],
    rules: list[str],
    target: int,
    other: int,
    style: str,
    dpi: int,
    path: str,
) -> None:
    """Draw I(G, G) / |G|, the cosine of each new member and the group's make-up, a column an order of the members.

    Args:
        growth: of random members of the target and then of the other subgroup, the report's order. groups: by each of
            the selection rules. target, other: numbers of the subgroups.
    """
    x, subgroup = hdf5.read(data, X_TRAIN, SUBGROUP_TRAIN)
    names = hdf5.attributes(data)["subgroup_names"]
    seed, size = seed_points.central(x, subgroup, target), int((subgroup == target).sum())
    drawing.use(style)
    columns = 1 + len(rules)
    figure, axes = plt.subplots(3, columns, figsize=(1 + 2.1 * columns, 6.2), sharex=True, squeeze=False)
    _random(axes[:, 0], growth, names, target, other, size)
    for column, (rule, path_group) in zip(axes[:, 1:].T, zip(rules, groups, strict=True), strict=True):
        with hdf5.file(path_group) as file:
            grown = file[str(seed)]
            members, normalised, cosine = (grown[name][()] for name in (MEMBERS, NORMALISED_INFLUENCE, COSINE))
            stop, stopped = grown.attrs[STOP], groups_file.size(grown.attrs, members)
        turn, highest = turning.turning_point(cosine), int(np.argmax(normalised)) + 1
        column[0].plot(1 + np.arange(len(members)), normalised / normalised.max(), color=drawing.BLACK)
        column[0].plot(highest, 1.0, "v", color=drawing.RED, clip_on=False, label="maximum")
        cut = stopped < len(members)
        column[0].set_title(f"greedy, {rule}\nmaximum at {highest},\nturn at {turn}{f', {stop} at {stopped}' * cut}")
        column[1].plot(1 + np.arange(len(members)), cosine, color=drawing.BLACK)
        _make_up(column[2], subgroup[members], names)
        for here in column:
            here.axvline(turn, color=drawing.RED, ls="--", lw=1, label="turning point")
            if cut:
                here.axvline(stopped, color=drawing.BLACK, ls=":", lw=1.2, label="the group stops")
    for here in axes.flat:
        here.axvline(size, color=drawing.SKY, lw=2.5, alpha=0.6, label="subgroup's size", zorder=0)
    for here in axes[1]:
        here.set_ylim(-0.05, 1.05)
    for here in axes[2]:
        here.set_xlabel("group size")
    axes[0, 0].set_ylabel("I(G, G) / |G|, relative\nto its maximum")
    axes[1, 0].set_ylabel("cosine of the new\nmember with the group")
    axes[2, 0].set_ylabel("members from each\nsubgroup")
    handles = dict(zip(*reversed(axes[0, 1].get_legend_handles_labels()), strict=True))
    handles |= dict(zip(*reversed(axes[2, 1].get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=len(handles))
    drawing.save(figure, path, dpi)


def _random(column: np.ndarray, growth: str, names: list[str], target: int, other: int, size: int) -> None:
    """The report's order: median over draws with a band, each draw's maximum, and the make-up."""
    normalised, cosine = hdf5.read(growth, *(f"{ONE_AFTER_OTHER}/{name}" for name in (NORMALISED_INFLUENCE, COSINE)))
    steps = np.arange(1, normalised.shape[1] + 1)
    highest = normalised.argmax(axis=1) + 1
    for here, values in ((column[0], normalised / normalised.max(axis=1, keepdims=True)), (column[1], cosine)):
        low, middle, high = np.percentile(values, [BAND[0], 50, BAND[1]], axis=0)
        here.fill_between(steps, low, high, color=drawing.BLACK, alpha=0.2, lw=0)
        here.plot(steps, middle, color=drawing.BLACK)
    column[0].plot(highest, np.ones(len(highest)), "v", color=drawing.RED, ms=3, alpha=0.5, clip_on=False)
    column[0].set_title(
        f"random '{names[target]}', then '{names[other]}'\nmaximum at {highest.min()} to {highest.max()},\n"
        f"{len(highest)} orders"
    )
    _make_up(column[2], np.repeat([target, other], [size, len(steps) - size]), names)


def _make_up(here, subgroups: np.ndarray, names: list[str]) -> None:
    """How many of the first members came from each subgroup."""
    for number, (name, (dash, colour)) in enumerate(zip(names, LOOKS, strict=False)):
        counts = np.cumsum(subgroups == number)
        here.plot(1 + np.arange(len(subgroups)), counts, dash, color=colour, label=name)


job.run(
    plot_turning_point,
    target=lambda subgroups, target: subgroups.index(target),
    other=lambda subgroups, other: subgroups.index(other),
)
