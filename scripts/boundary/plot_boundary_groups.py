"""Figure 14: the images of groups that Algorithm 1 grows with a boundary score."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.data import own_rows
from attribution.drawing import images as pictures
from attribution.drawing import style as drawing
from attribution.files import group_folders, hdf5
from attribution.files.results.boundary import MEMBERS, SCORE, SHARE
from attribution.files.results.data import X_TRAIN, Y_TRAIN

# Images of a group that are shown, the seed among them, how many of the others stand in a row, and groups.
SHOWN = 25
COLUMNS = 12
GROUPS = 6


def plot_boundary_groups(data: str, groups: str, candidates: dict, style: str, dpi: int, path: str) -> None:
    """Draw a block a group: its first seed large, then the members, each with its class and the group's score with it.

    Args:
        data, groups: data.h5 and boundary-groups-FORM.h5. candidates: which points could join, `from` and `count`.

    Raises:
        ValueError: when the data is no images.
    """
    facts, rows = hdf5.attributes(data), own_rows.of(data, "train").rows
    with hdf5.file(groups) as file:
        form = file.attrs["form"]
        found = {
            group_folders.start_of(folder): (
                part[MEMBERS][()],
                part[SCORE][()],
                part[SHARE][()],
                bool(part.attrs["ended"]),
            )
            for folder, part in file.items()
        }
    drawing.use(style)
    with hdf5.opened(data, X_TRAIN, Y_TRAIN) as (x, labels):
        pictures.require_images(data, x)
        y = labels[()]
        starts = sorted(found, key=lambda start: (y[start[0]], start))[:GROUPS]
        figure, axes = plt.subplots(len(starts), 1, figsize=(9.8, 2.5 * len(starts) + 0.3), squeeze=False)
        for start, here in zip(starts, axes[:, 0], strict=True):
            members, score, share, ended = (a[:SHOWN] if isinstance(a, np.ndarray) else a for a in found[start])
            images = pictures.rows_of(x, members)
            pictures.canvas(here, COLUMNS + 2.3, 2)
            pictures.picture(here, images[0], 0, 0, size=2)
            words = [facts["class_names"][y[member]] for member in members]
            values = [f"{value:.3g}" if np.isfinite(value) else f"unsolved {part:.0%}"
                      for value, part in zip(score, share, strict=True)]  # fmt: skip
            said = [f"{word}\nrow {rows[member]}\n{value}"
                    for word, member, value in zip(words, members, values, strict=True)]  # fmt: skip
            pictures.strip(
                here, images[1:], said[1:],
                COLUMNS, 2.3, colours=[drawing.BLACK if word == words[0] else drawing.RED for word in words[1:]],
            )  # fmt: skip
            here.text(1, 2.0, f"{words[0]}, score {values[0]}", ha="center", va="top", fontsize=6.5)
            inside = sum(word == words[0] for word in words)
            end = f"; no candidate solves it beyond {len(found[start][0])} members" if ended else ""
            here.set_title(
                f"{words[0]}, {group_folders.images(rows[list(start)])}: score {values[-1]} with {len(members)} "
                f"images, {inside} of its class{end}",
                loc="left",
            )
    among = {"all": "all points", "class": "the seed's class"}.get(
        candidates["from"], f"the {candidates['count']} of the seed's class most similar by {candidates['from']}"
    )
    figure.suptitle(f"groups of Algorithm 1 by weights boundary, form {form}, among {among}")
    drawing.save(figure, path, dpi)


job.run(plot_boundary_groups)
