"""Figure 12: an image with near-duplicates, its two groups and its nearest neighbours, ranked by influence."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.data import own_rows
from attribution.drawing import images as pictures
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN

COLUMNS = 13


def shown_query(queries: np.ndarray, distance: np.ndarray) -> int:
    """Row of the pair to show: of the images with most partners, the pair that is closest.

    Args:
        queries: (q,) training indices. distance: (q,) between the images of each pair.
    """
    count = np.array([(queries == query).sum() for query in queries])
    return int(np.lexsort((queries, distance, -count))[0])


def plot_near_duplicates(data: str, gradients: str, retrieval: str, rule: str, style: str, dpi: int, path: str) -> None:
    """Draw three lists of images, each ranked by influence on the seed, the seed's partners framed.

    Above each image its distance to the seed in the embedding (L2); below its class and influence on the seed.

    Raises:
        ValueError: when the data is no images.
    """
    queries, partners = hdf5.read(retrieval, "queries", "partners")
    (features,) = hdf5.read(gradients, FEATURES_TRAIN)
    embedding = features[:, :-1].astype(np.float64)
    row = shown_query(queries, np.linalg.norm(embedding[queries] - embedding[partners], axis=1))
    seed, own_partners = queries[row], partners[queries == queries[row]]
    class_names = hdf5.attributes(data)["class_names"]
    lists = (
        (f"groups/{rule}-min", f"minimising group, rule {rule}"),
        ("nearest", "nearest in the embedding (L2)"),
        (f"groups/{rule}-max", f"maximising group, rule {rule}"),
    )
    with hdf5.file(retrieval) as file:
        if any(name not in file for name, _ in lists):
            held = ", ".join(sorted({name.rpartition("-")[0] for name in file["groups"]}))
            raise ValueError(
                f"{retrieval} holds groups by {held}, not by rule '{rule}' to both ends; set groups.rule to one of them"
            )
    drawing.use(style)
    figure, axes = plt.subplots(4, 1, figsize=(9.2, 9.6), height_ratios=[0.55, 1, 1, 1])
    with hdf5.opened(data, X_TRAIN, Y_TRAIN) as (x, labels):
        pictures.require_images(data, x)
        y = labels[()]
        top = np.append(seed, own_partners)
        pictures.canvas(axes[0], COLUMNS, 1, above=True)
        gaps = [f"{np.linalg.norm(embedding[point] - embedding[seed]):.3g}" for point in top]
        texts = [f"{class_names[y[point]]}\n{'seed' if i == 0 else 'near-duplicate'}" for i, point in enumerate(top)]
        pictures.strip(
            axes[0],
            pictures.rows_of(x, top),
            texts,
            COLUMNS,
            above=gaps,
            frames=[None] + [drawing.GREEN] * (len(top) - 1),
        )
        axes[0].set_title(
            f"training image {own_rows.of(data, 'train').rows[seed]} and the near-duplicates of it", loc="left"
        )
        for here, (name, title) in zip(axes[1:], lists, strict=True):
            members, values = (array[row] for array in hdf5.read(retrieval, name, f"influence/{name}"))
            members, values = members[1:], values[1:]
            order = np.argsort(-values, kind="stable")
            members, values = members[order], values[order]
            pictures.canvas(here, COLUMNS, -(-len(members) // COLUMNS), above=True)
            found = np.isin(members, own_partners)
            pictures.strip(
                here,
                pictures.rows_of(x, members),
                [f"{class_names[y[m]]}\n{v:.3g}" for m, v in zip(members, values, strict=True)],
                COLUMNS,
                above=[f"{np.linalg.norm(embedding[m] - embedding[seed]):.3g}" for m in members],
                colours=[drawing.BLACK if y[m] == y[seed] else drawing.RED for m in members],
                frames=[drawing.GREEN if inside else None for inside in found],
            )
            here.set_title(f"{title}: {found.sum()} of {len(own_partners)} near-duplicates", loc="left")
    drawing.save(figure, path, dpi)


job.run(plot_near_duplicates, rule="params.rule")
