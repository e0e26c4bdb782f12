"""Retrained networks on files: what they give for every training and test point."""

import numpy as np

from attribution.files import hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.retraining import LOSSES, MARGINS, MASKS
from attribution.numerics.residuals import cross_entropy, margins
from attribution.training import ensemble


def count(data: str) -> int:
    """Number of training points of data.h5."""
    with hdf5.file(data) as file:
        return len(file[Y_TRAIN])


def outputs(
    data: str, recipe: dict, seed: int, repetition: int, masks: np.ndarray, ids: np.ndarray, label: str
) -> tuple[np.ndarray, np.ndarray]:
    """Train one network a mask and evaluate it on all training points, then all test points.

    Args:
        data: data.h5. recipe, seed, masks: see `ensemble.train`. ids: (M,) choose the dropout masks.
        repetition: 0 for the seed's own initial weights and batch orders, others for further ones.

    Returns:
        margins (M, n + m), losses (M, n + m), float64.
    """
    x, y, x_test, y_test = hdf5.read(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
    classes = len(hdf5.attributes(data)["class_names"])
    weights = ensemble.train(recipe, x.shape[1:], classes, x, y, masks, ids, seed, label, noise=repetition)
    targets, labels = np.concatenate([x, x_test]), np.concatenate([y, y_test])
    logits = ensemble.logits(weights, targets)
    return np.stack([margins(s, labels) for s in logits]), np.stack([cross_entropy(s, labels) for s in logits])


def removals(
    data: str, recipe: dict, seed: int, repetition: int, masks: np.ndarray, path: str, attributes: dict, facts: dict,
    label: str,
) -> None:  # fmt: skip
    """Train with points left out and, with the same dropout masks, without leaving any out; write both.

    With dropout every removal has its own network of all points to compare with, of the same dropout masks: else the
    change would be mostly that of the masks. Without dropout one network of all points serves all.

    Args:
        masks: (g, n) of the removals. facts: further arrays for the file.

    Writes `masks` (M, n), `margins` (M, n + m), `losses` (M, n + m), M = 2 g or g + 1, removals first, then all points.
    """
    pairs = len(masks) if recipe["dropout"] else 1
    every = np.concatenate([masks, np.ones((pairs, masks.shape[1]), dtype=bool)])
    ids = np.concatenate([np.arange(len(masks)), np.arange(pairs)])
    found_margins, losses = outputs(data, recipe, seed, repetition, every, ids, label)
    arrays = {MASKS: every, MARGINS: found_margins, LOSSES: losses}
    hdf5.write(path, arrays | facts, attributes | {"removals": len(masks)})
