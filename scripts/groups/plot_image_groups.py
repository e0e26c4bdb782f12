"""Figures 11, 16 and 17: the images of groups, in the order in which Algorithm 1 took them."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt

from attribution.data import own_rows
from attribution.drawing import images as pictures
from attribution.drawing import style as drawing
from attribution.files import group_folders, hdf5
from attribution.files.results import groups as groups_file
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.groups import MEMBERS, NORMALISED_INFLUENCE, STOP
from attribution.files.results.influence import SELF_INFLUENCE
from attribution.groups import growth_path

# Images of a group that are shown, the seed among them, and how many of the others stand in a row.
SHOWN = 25
COLUMNS = 12


def plot_image_groups(data: str, groups: str, influence: str, style: str, dpi: int, path: str) -> None:
    """Draw a block a group: its first seed large, then the members, each with its class, its row in the user's own data
    and its influence on the group that it joined; the classes other than the seed's in colour. Where the group stopped
    before, its own members are framed.

    Raises:
        ValueError: when the data is no images.
    """
    (own,) = hdf5.read(influence, SELF_INFLUENCE)
    rows = own_rows.of(data, "train").rows
    facts, run = hdf5.attributes(data), hdf5.attributes(groups)
    with hdf5.file(groups) as file:
        found = {
            group_folders.start_of(folder): (
                part[MEMBERS][()],
                part[NORMALISED_INFLUENCE][()],
                float(part.attrs["total_influence"]),
                part.attrs[STOP],
                groups_file.size(part.attrs, part[MEMBERS]),
            )
            for folder, part in file.items()
        }
        rule, direction = next(iter(file.values())).attrs["rule"], next(iter(file.values())).attrs["direction"]
    drawing.use(style)
    with hdf5.opened(data, X_TRAIN, Y_TRAIN) as (x, labels):
        pictures.require_images(data, x)
        y = labels[()]
        starts = sorted(found, key=lambda start: (y[start[0]], start))
        figure, axes = plt.subplots(len(starts), 1, figsize=(9.8, 2.5 * len(starts) + 0.3), squeeze=False)
        for start, here in zip(starts, axes[:, 0], strict=True):
            members, normalised, total, stop, stopped = found[start]
            cut = f"; {stop} stops after {stopped} of {len(members)}" if stopped < len(members) else ""
            gained = growth_path.influence_on_group(normalised, own[members])
            members, gained = members[:SHOWN], gained[:SHOWN]
            images = pictures.rows_of(x, members)
            pictures.canvas(here, COLUMNS + 2.3, 2)
            pictures.picture(here, images[0], 0, 0, size=2)
            words = [facts["class_names"][y[member]] for member in members]
            said = [f"{word}\nrow {rows[member]}\n{value:.3g}"
                    for word, member, value in zip(words, members, gained, strict=True)]  # fmt: skip
            pictures.strip(
                here, images[1:], said[1:],
                COLUMNS, 2.3, colours=[drawing.BLACK if word == words[0] else drawing.RED for word in words[1:]],
                frames=[drawing.BLUE if cut and place < stopped else None for place in range(1, len(members))],
            )  # fmt: skip
            here.text(1, 2.0, f"{words[0]}, self-influence {own[start[0]]:.3g}", ha="center", va="top", fontsize=6.5)
            inside = sum(word == words[0] for word in words)
            here.set_title(
                f"{words[0]}, {group_folders.images(rows[list(start)])}: total influence score {total:.4g} of "
                f"{stopped} image{'s' * (stopped > 1)}{cut}; {inside} of the {len(words)} shown are of its class",
                loc="left",
            )
    figure.suptitle(
        f"{run['model']}, training seed {run['seed']}: groups of Algorithm 1, rule {rule}, direction {direction}"
    )
    drawing.save(figure, path, dpi)


job.run(plot_image_groups)
