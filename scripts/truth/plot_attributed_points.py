"""Figure 1 of datamodels on the study's data: the training points that a test point's margin owes most, and least."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt

from attribution.data import own_rows
from attribution.drawing import ends
from attribution.drawing import images as pictures
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.influence import TARGETS
from attribution.methods.scores import PAIRS


def plot_attributed_points(
    data: str, attributions: str, method: str, targets: list[int], extremes: int, style: str, dpi: int, path: str
) -> None:
    """Draw a row of images, or a plane, a target.

    Args:
        targets: places of the shown test points in the file. extremes: training points at each end.

    Raises:
        ValueError: where the file has fewer targets, or the data is neither images nor points of a plane.
    """
    asked, pairs = hdf5.read(attributions, TARGETS, PAIRS)
    if max(targets) >= len(asked):
        raise ValueError(
            f"truth.shown.targets has {max(targets)}, but {attributions} holds {len(asked)} test points, from 0; name "
            "others, or raise truth.targets"
        )
    class_names = hdf5.attributes(data)["class_names"]
    drawing.use(style)
    with hdf5.opened(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST) as (x, y, x_test, y_test):
        draw = _planes if ends.in_plane(x) else _images
        if draw is _images:
            pictures.require_images(data, x)
        rows = own_rows.of(data, "test").rows
        figure = draw(x, y[()], x_test, y_test[()], rows, asked[targets], pairs[targets], class_names, extremes)
    words = "" if draw is _planes else ": above what raises the margin, below what lowers it"
    figure.suptitle(f"attribution by {method}{words}", fontsize=9)
    drawing.save(figure, path, dpi)


def _images(x, y, x_test, y_test, rows, asked, pairs, class_names, extremes):
    figure, axes = plt.subplots(len(asked), 1, figsize=(0.62 * extremes + 1.4, 1.75 * len(asked)), squeeze=False)
    for here, target, scores in zip(axes[:, 0], asked, pairs, strict=True):
        pictures.canvas(here, extremes + 2.2, 2)
        pictures.picture(here, x_test[target], 0, 0.3, size=1.7)
        here.text(0.85, 0.3 * pictures.ROW + 1.7, f"test image {rows[target]}\n{class_names[y_test[target]]}", va="top",
                  ha="center", fontsize=6)  # fmt: skip
        positive, negative = ends.order(scores, extremes)
        texts = {point: f"{class_names[y[point]]}\n{scores[point]:+.2g}" for point in (*positive, *negative)}
        ends.of_images(here, x, texts, positive, negative, first=2.1)
    return figure


def _planes(x, y, x_test, y_test, rows, asked, pairs, class_names, extremes):
    across = min(4, len(asked))
    down = -(-len(asked) // across)
    figure, axes = plt.subplots(down, across, figsize=(2.6 * across, 1.35 * down + 0.75), squeeze=False)
    points = x[()]
    for here, target, scores in zip(axes.flat, asked, pairs, strict=False):
        ends.of_plane(here, points, y, points, *ends.order(scores, extremes))
        drawing.seed(here, x_test[target])
        here.set_title(f"test point {rows[target]}, {class_names[y_test[target]]}", fontsize=8.5)
    for here in axes.flat[len(asked) :]:
        here.remove()
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


job.run(plot_attributed_points, method="wildcards.method")
