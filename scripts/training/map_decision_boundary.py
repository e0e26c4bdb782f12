"""Logits and last-layer features over the plane, and each training point's distance to the decision boundary."""

from attribution.runtime import job

job.begin()

import keras
import numpy as np

from attribution.files import hdf5, provenance
from attribution.files.results.data import X_TRAIN
from attribution.files.results.decision_boundary import BOUNDARY_DISTANCE, FEATURES_GRID, GRID_X, GRID_Y, LOGITS_GRID
from attribution.influence import features
from attribution.training import plane


def map_decision_boundary(
    data: str, model: str, points: int, margin: float, batch_size: int, path: str, attributes: dict
) -> None:
    """Write decision_boundary.h5.

    Args:
        points: along each axis of the grid. margin: around the training points, in the plane's units.

    Raises:
        ValueError: when the data are not two-dimensional, or the network predicts one class everywhere.
    """
    (x,) = hdf5.read(data, X_TRAIN)
    if x.shape[1:] != (2,):
        raise ValueError(f"{data} has samples of shape {x.shape[1:]}; the decision boundary is drawn in two dimensions")
    network = keras.models.load_model(model, compile=False)
    grid_x, grid_y = plane.grid(x, points, margin)
    cells = np.stack(np.meshgrid(grid_x, grid_y), axis=-1).reshape(-1, 2).astype(np.float32)
    extended = features.extended_features(network, cells, batch_size)
    weights, _, _ = features.last_layer_parameters(network)
    logits = (extended @ weights)[:, 0].reshape(points, points)
    arrays = {
        GRID_X: grid_x,
        GRID_Y: grid_y,
        FEATURES_GRID: extended,
        LOGITS_GRID: logits,
        BOUNDARY_DISTANCE: plane.distances(x, plane.boundary(grid_x, grid_y, logits)),
    }
    hdf5.write(path, arrays, attributes)


job.run(
    map_decision_boundary,
    model="input.model",
    points="params.plane.points",
    margin="params.plane.margin",
    attributes=provenance.attributes,
)
