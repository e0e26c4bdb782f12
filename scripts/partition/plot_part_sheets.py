"""A sheet a part: how large, of which classes, how much influence on itself, its central and its outlying members."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
from scipy.cluster.hierarchy import dendrogram

from attribution.drawing import ends
from attribution.drawing import images as pictures
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.partition import CENTRAL, LABELS, LINKAGE, METHODS, OUTLYING, SIZES

# inches: of a sheet in the plane and of images, of a column, above and below the sheets
PLANE, IMAGES, COLUMN, HEAD, FOOT, SIDE = 1.4, 0.62, 1.5, 0.75, 0.55, 0.25
LEAF = 10  # of scipy's dendrogram, between two leaves


def plot_part_sheets(data: str, partition: str, method: str, style: str, dpi: int, path: str) -> None:
    """Draw a row a part, in the order of Ward's tree over the parts, whose heights are falls of the objective.

    Raises:
        ValueError: when the partition is not by this method, or the data is neither a plane nor images.
    """
    facts = hdf5.attributes(data)
    with hdf5.file(partition) as file:
        if method not in file.attrs[METHODS]:
            known = ", ".join(file.attrs[METHODS])
            raise ValueError(f"{partition} has no parts by '{method}', but by {known}; name one of them")
        own = {name: file[method][name][()] for name in (LABELS, SIZES, CENTRAL, OUTLYING, LINKAGE)}
        own["influence"] = file[method]["normalised_influence"][()]
        run = dict(file.attrs)
    drawing.use(style)
    with hdf5.opened(data, X_TRAIN, Y_TRAIN) as (x, labels):
        plane = ends.in_plane(x)
        if not plane:
            pictures.require_images(data, x)
        parts, y, shown = len(own[SIZES]), labels[()], own[CENTRAL].shape[1]
        row = PLANE if plane else IMAGES
        members = 1.6 * row if plane else (2 * shown + 0.5) * row
        width, height = 4 * SIDE + 3 * COLUMN + members + 1.2, HEAD + parts * row + FOOT
        figure = plt.figure(figsize=(width, height))
        # rows of all columns stand at the same height
        figure.set_layout_engine("none")

        def column(left: float, inches: float):
            return figure.add_axes((left / width, FOOT / height, inches / width, parts * row / height))

        order = _tree(column(SIDE, COLUMN), own[LINKAGE], parts)
        mix, influence = column(2 * SIDE + COLUMN + 1.2, COLUMN), column(3 * SIDE + 2 * COLUMN + 1.2, COLUMN)
        _mix(mix, own[LABELS], y, order, facts["class_names"])
        influence.barh(LEAF * np.arange(parts) + LEAF / 2, own["influence"][order], height=6, color=drawing.BLACK)
        influence.set_xlabel("I(S, S) / |S|")
        for here in (mix, influence):
            here.set(ylim=(0, LEAF * parts))
            here.grid(False, axis="y")
        mix.set_yticks(
            LEAF * np.arange(parts) + LEAF / 2, [f"part {part},\n{own[SIZES][part]} points" for part in order]
        )
        influence.set_yticks([])
        left = 4 * SIDE + 3 * COLUMN + 1.2
        if plane:
            for place, part in enumerate(order):
                box = (left / width, (FOOT + place * row) / height, members / width, 0.96 * row / height)
                _in_plane(figure.add_axes(box), x[()], y, own, part)
        else:
            _images(column(left, members), x, own, order)
        where = (left + members / 2) / width, 1 - (HEAD - 0.08) / height
        figure.text(*where, "central members (black)\nand outlying ones (pink)", ha="center", va="bottom",
                    fontsize=8)  # fmt: skip
    figure.suptitle(f"{run['dataset']}, {run['model']}, training seed {run['seed']}: parts by {method}",
                    y=1 - 0.1 / height, va="top")  # fmt: skip
    drawing.save(figure, path, dpi)


def _tree(here, linkage: np.ndarray, parts: int) -> list[int]:
    """Draw Ward's tree, its root left; the parts from the lowest row up."""
    # scipy draws trees of single points: parts stand for these, however many they have
    leaves, tree = [1] * parts, linkage.copy()
    for step in tree:
        step[3] = leaves[int(step[0])] + leaves[int(step[1])]
        leaves.append(step[3])
    found = {"leaves": [0]}
    if parts > 1:
        found = dendrogram(tree, orientation="left", ax=here, no_labels=True, color_threshold=0,
                           above_threshold_color=drawing.BLACK)  # fmt: skip
    here.set(ylim=(0, LEAF * parts), xlabel="Ward's height")
    here.grid(False)
    here.spines["left"].set_visible(False)
    here.set_yticks([])
    return found["leaves"]


def _mix(here, labels: np.ndarray, y: np.ndarray, order: list[int], names: list[str]) -> None:
    """Bars of the parts' points by class."""
    colours = drawing.CLASS_COLOURS if len(names) == 2 else plt.cm.viridis(np.linspace(0, 1, len(names)))
    start = np.zeros(len(order))
    for label, (name, colour) in enumerate(zip(names, colours, strict=True)):
        counts = np.array([((labels == part) & (y == label)).sum() for part in order])
        here.barh(LEAF * np.arange(len(order)) + LEAF / 2, counts, left=start, height=6, color=colour, label=name)
        start += counts
    here.set_xlabel("points")
    here.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(names), 4), fontsize=6, handlelength=0.8,
                columnspacing=0.6, handletextpad=0.3, borderaxespad=0.1)  # fmt: skip


def _in_plane(here, x: np.ndarray, y: np.ndarray, own: dict, part: int) -> None:
    drawing.points(here, x, y, faint=True)
    inside = own[LABELS] == part
    for label, colour in enumerate(drawing.CLASS_COLOURS):
        here.scatter(*x[inside & (y == label)].T, s=5, color=colour, marker="o" if label else "s", lw=0)
    for name, marker, colour in ((CENTRAL, "^", ends.POSITIVE), (OUTLYING, "v", ends.NEGATIVE)):
        here.scatter(*x[own[name][part][own[name][part] >= 0]].T, s=22, marker=marker, color=colour, ec="white", lw=0.4)
    here.set(xticks=[], yticks=[], xlabel="", ylabel="")
    here.grid(False)


def _images(here, x, own: dict, order: list[int]) -> None:
    """Central members of each part, and after a gap outlying ones."""
    count = own[CENTRAL].shape[1]
    here.set(xlim=(0, 2 * count + 0.5), ylim=(len(order), 0))
    here.axis("off")
    for place, part in enumerate(reversed(order)):
        for name, first, frame in ((CENTRAL, 0, ends.POSITIVE), (OUTLYING, count + 0.5, ends.NEGATIVE)):
            chosen = own[name][part][own[name][part] >= 0]
            for column, image in enumerate(pictures.rows_of(x, chosen)):
                pictures.picture(here, image, first + column, (place + 0.04) / pictures.ROW, 0.92, frame)


job.run(plot_part_sheets)
