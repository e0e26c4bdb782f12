"""The plane while the last layer moves to the weights boundary of one training point."""

from attribution.runtime import job

job.begin()

import keras
import numpy as np

from attribution.boundary import points as boundary
from attribution.data import seed_points
from attribution.files import hdf5, provenance
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN
from attribution.files.results.decision_boundary import GRID_X, GRID_Y, LOGITS_GRID
from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN, PARAMETERS
from attribution.influence import features
from attribution.training import plane

# shares of the move: those whose plane is shown, and those along the path, which goes on beyond the boundary
SHOWN = np.array([0.0, 0.5, 1.0])
PATH = np.linspace(0, 1.25, 51)


def map_boundary_move(
    files: dict, target: int, points: int, margin: float, batch_size: int, path: str, attributes: dict
) -> None:
    """Write boundary_move.h5.

    `fractions` (s,) shares of the move and `logits_grid` (s, g, g) float64, the logit of class 1 minus that of class 0
    there, row = y; `grid_x`, `grid_y` (g,); `path` (p,) lengths of the move and `gap` (p,) float64, the point's logit
    of the predicted class minus that of the other one; attributes `point` (training index), `score`.

    Args:
        files: paths of `data`, `gradients` (of the last layer), `model`. target: number of the subgroup whose most
            central point is taken.
        points: along each axis of the grid. margin: around the training points, in the plane's units.

    Raises:
        ValueError: when the data are not two-dimensional, have more than two classes, or no move changes the
            prediction.
    """
    x, subgroup = hdf5.read(files["data"], X_TRAIN, SUBGROUP_TRAIN)
    h, parameters, logits = hdf5.read(files["gradients"], FEATURES_TRAIN, PARAMETERS, LOGITS_TRAIN)
    classes = boundary.class_logits(logits[:1]).shape[1]
    if x.shape[1:] != (2,) or classes != 2:
        raise ValueError(
            f"{files['data']} has samples of shape {x.shape[1:]} and {classes} classes; the move is drawn for samples "
            "of shape (2,) and two classes"
        )
    point = seed_points.central(x, subgroup, target)
    own, weights = h[[point]], parameters.reshape(h.shape[1], logits.shape[1])
    found = boundary.closed_form(own, weights)
    if not found.solved[0]:
        raise ValueError(f"no change of the last layer's weights changes the prediction of training point {point}")
    move = boundary.moves(own, weights)[0]
    grid_x, grid_y = plane.grid(x, points, margin)
    cells = np.stack(np.meshgrid(grid_x, grid_y), axis=-1).reshape(-1, 2).astype(np.float32)
    extended = features.extended_features(keras.models.load_model(files["model"], compile=False), cells, batch_size)
    sign = 1 - 2 * int(boundary.predictions(own @ weights)[0])
    arrays = {
        GRID_X: grid_x,
        GRID_Y: grid_y,
        "fractions": SHOWN,
        LOGITS_GRID: np.stack([difference(extended, weights + s * move) for s in SHOWN]).reshape(
            len(SHOWN), points, points
        ),
        "path": PATH * np.linalg.norm(move),
        "gap": -sign * np.array([difference(own, weights + s * move)[0] for s in PATH]),
    }
    hdf5.write(path, arrays, attributes | {"point": point, "score": float(found.score[0])})


def difference(extended: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n,) logit of class 1 minus that of class 0."""
    return np.diff(boundary.class_logits(extended @ weights), axis=1)[:, 0]


job.run(
    map_boundary_move,
    target=lambda subgroups, target: subgroups.index(target),
    points="params.plane.points",
    margin="params.plane.margin",
    attributes=provenance.attributes,
)
