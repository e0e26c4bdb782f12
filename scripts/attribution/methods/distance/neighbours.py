"""Labels of the nearest neighbours, in the embedding and in the inputs."""

import numpy as np

from attribution.methods.run import Run


class Neighbours:
    """A label that those around it do not have."""

    family = "distance"
    needs = ("data", "gradients")
    settings = ("inspection.neighbours",)

    def points(self, run: Run) -> np.ndarray:
        """(n,) share of the nearest neighbours with another label."""
        return other_labels(run.embedding, run.labels, run.settings["inspection.neighbours"])


class InputNeighbours:
    """A label that those around it in the inputs do not have, whatever a network makes of them."""

    family = "distance"
    needs = ("data",)
    settings = ("inspection.neighbours",)

    def points(self, run: Run) -> np.ndarray:
        """(n,) share of the nearest neighbours with another label."""
        flat = run.x.reshape(len(run.x), -1).astype(np.float32)
        return around(flat, run.labels, run.settings["inspection.neighbours"])


def other_labels(embedding: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """(n,) share of each point's nearest neighbours, by cosine, whose label is another one.

    Args, raises: as `around`.
    """
    length = np.linalg.norm(embedding, axis=1, keepdims=True)
    # Euclidean distances of unit vectors order as cosines do
    return around(embedding / np.maximum(length, np.finfo(float).tiny), labels, count)


def around(points: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """(n,) share of each point's nearest neighbours, by Euclidean distance, whose label is another one.

    Args:
        points: (n, d). labels: (n,). count: neighbours, the point itself not among them.

    Raises:
        ValueError: when there are not that many other points.
    """
    if count >= len(points):
        raise ValueError(f"inspection.neighbours is {count}, but there are {len(points)} points; take fewer")
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points).kneighbors(return_distance=False)
    return (labels[nearest] != labels[:, None]).mean(axis=1)
