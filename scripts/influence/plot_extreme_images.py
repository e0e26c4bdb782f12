"""The images of largest and of smallest self-influence."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import images as pictures
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import LOGITS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE
from attribution.numerics.residuals import predictions

SHOWN = 26
COLUMNS = 13


def plot_extreme_images(data: str, gradients: str, influence: str, style: str, dpi: int, path: str) -> None:
    """Draw both ends, each image with its class, the network's prediction where it is another, and its self-influence.

    Raises:
        ValueError: when the data is no images.
    """
    (own,) = hdf5.read(influence, SELF_INFLUENCE)
    (logits,) = hdf5.read(gradients, LOGITS_TRAIN)
    predicted = predictions(logits)
    class_names = hdf5.attributes(data)["class_names"]
    order = np.argsort(-own, kind="stable")
    drawing.use(style)
    figure, axes = plt.subplots(2, 1, figsize=(9.2, 5.2))
    with hdf5.opened(data, X_TRAIN, Y_TRAIN) as (x, labels):
        pictures.require_images(data, x)
        y = labels[()]
        for here, chosen, title in (
            (axes[0], order[:SHOWN], "largest self-influence; in colour what the network takes it for"),
            (axes[1], order[::-1][:SHOWN], "smallest self-influence"),
        ):
            pictures.canvas(here, COLUMNS, 2)
            texts, colours = [], []
            for point in chosen:
                wrong = predicted[point] != y[point]
                taken = f"\nas {class_names[predicted[point]]}" if wrong else ""
                texts.append(f"{class_names[y[point]]}{taken}\n{own[point]:.2g}")
                colours.append(drawing.RED if wrong else drawing.BLACK)
            pictures.strip(here, pictures.rows_of(x, chosen), texts, COLUMNS, colours=colours)
            here.set_title(title, loc="left")
    drawing.save(figure, path, dpi)


job.run(plot_extreme_images)
