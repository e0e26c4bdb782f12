"""Figure 4: the data set, by class and subgroup."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TEST, X_TRAIN, Y_TEST, Y_TRAIN


def plot_dataset(data: str, style: str, dpi: int, path: str) -> None:
    """Draw training and test points side by side."""
    facts = hdf5.attributes(data)
    drawing.use(style)
    figure, both = plt.subplots(1, 2, figsize=(7.2, 2.7), sharex=True, sharey=True)
    parts = (("training", X_TRAIN, Y_TRAIN), ("test", X_TEST, Y_TEST))
    for axes, (part, n_x, n_y) in zip(both, parts, strict=True):
        x, y = hdf5.read(data, n_x, n_y)
        drawing.points(axes, x, y)
        counts = ", ".join(f"{(y == label).sum()} {name}" for label, name in enumerate(facts["class_names"]))
        axes.set_title(f"{part} set: {counts}")
    x, subgroup = hdf5.read(data, X_TRAIN, SUBGROUP_TRAIN)
    for number, name in enumerate(facts["subgroup_names"]):
        middle = x[subgroup == number].mean(axis=0)
        both[0].annotate(name, middle, ha="center", va="center", weight="bold",
                         bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 1.5})  # fmt: skip
    drawing.save(figure, path, dpi)


job.run(plot_dataset)
