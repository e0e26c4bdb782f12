"""By which curves a criterion chose how many parts each method has, of data of any kind."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt

from attribution.drawing import part_numbers
from attribution.drawing import style as drawing
from attribution.files import hdf5


def plot_number_of_parts(partition: str, style: str, dpi: int, path: str) -> None:
    """Draw a line a method.

    Raises:
        ValueError: where the number of parts was given.
    """
    with hdf5.file(partition) as file:
        found = part_numbers.read(file)
    if not found:
        raise ValueError(
            f"{partition} has no curves, as partition.parts gave the number; set it to gap, stability or removal"
        )
    drawing.use(style)
    figure, axes = plt.subplots(figsize=(6.4, 2.8))
    part_numbers.curves(axes, found)
    drawing.save(figure, path, dpi)


job.run(plot_number_of_parts)
