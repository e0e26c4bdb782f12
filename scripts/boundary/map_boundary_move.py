"""The plane while the last layer, or all layers, move to the weights boundary of one training point."""

from attribution.runtime import job

job.begin()

import keras
import numpy as np

from attribution.boundary import move_all_layers
from attribution.boundary import points as boundary
from attribution.data import seed_points
from attribution.files import hdf5, provenance
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN
from attribution.files.results.decision_boundary import GRID_X, GRID_Y, LOGITS_GRID
from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN, PARAMETERS
from attribution.influence import features
from attribution.numerics.residuals import predictions
from attribution.training import plane

# shares of the move: those whose plane is shown, and those along the path, which goes on beyond the boundary
SHOWN = np.array([0.0, 0.5, 1.0])
PATH = np.linspace(0, 1.25, 51)


def map_boundary_move(
    files: dict, scope: str, target: int, points: int, margin: float, batch_size: int, path: str, attributes: dict
) -> None:
    """Write boundary_move.h5.

    `fractions` (s,) shares of the move and `logits_grid` (s, g, g) float64, the logit of class 1 minus that of class 0
    there, row = y; `grid_x`, `grid_y` (g,); `path` (p,) lengths of the move and `gap` (p,) float64, the point's logit
    of the predicted class minus that of the other one; attributes `point` (training index), `score`, `scope`.

    Args:
        files: paths of `data`, `model` and, in scope last_layer, `gradients`. scope: `last_layer`, whose move is a
            closed form, or `all_layers`, a straight line to where DeepFool ends.
        target: number of the subgroup whose most central point is taken.
        points: along each axis of the grid. margin: around the training points, in the plane's units.

    Raises:
        ValueError: when the data are not two-dimensional, have more than two classes, or no move changes the
            prediction.
    """
    x, subgroup = hdf5.read(files["data"], X_TRAIN, SUBGROUP_TRAIN)
    if x.shape[1:] != (2,):
        raise ValueError(
            f"{files['data']} has samples of shape {x.shape[1:]}; the move is drawn for samples of shape (2,)"
        )
    point = seed_points.central(x, subgroup, target)
    network = keras.models.load_model(files["model"], compile=False)
    if network.output_shape[-1] > 2:
        raise ValueError(f"{files['model']} tells {network.output_shape[-1]} classes apart; the move is drawn for two")
    if scope == "last_layer":
        score, logits = _of_last_layer(files["gradients"], network, x, point, batch_size)
    else:
        score, logits = move_all_layers.of_point(network, x[point])
    if not np.isfinite(score):
        raise ValueError(f"no change of the weights was found that changes the prediction of training point {point}")
    grid_x, grid_y = plane.grid(x, points, margin)
    cells = np.stack(np.meshgrid(grid_x, grid_y), axis=-1).reshape(-1, 2).astype(np.float32)
    sign = 1 - 2 * int(predictions(logits(0.0, x[[point]]))[0])
    arrays = {
        GRID_X: grid_x,
        GRID_Y: grid_y,
        "fractions": SHOWN,
        LOGITS_GRID: np.stack([difference(logits(s, cells)) for s in SHOWN]).reshape(len(SHOWN), points, points),
        "path": PATH * score,
        "gap": -sign * np.array([difference(logits(s, x[[point]]))[0] for s in PATH]),
    }
    hdf5.write(path, arrays, attributes | {"point": point, "score": score, "scope": scope})


def _of_last_layer(gradients: str, network, x: np.ndarray, point: int, batch_size: int) -> move_all_layers.Move:
    """The closed form of one point, and logits from the features of the samples that are asked for."""
    h, parameters, logits = hdf5.read(gradients, FEATURES_TRAIN, PARAMETERS, LOGITS_TRAIN)
    own, weights = h[[point]], parameters.reshape(h.shape[1], logits.shape[1])
    found = boundary.closed_form(own, weights)
    if not found.solved[0]:
        return move_all_layers.Move(np.nan, None)
    along = boundary.moves(own, weights)[0]
    # the same samples are asked for at every share
    extended = {x[[point]].tobytes(): own}

    def logits_at(share: float, samples: np.ndarray) -> np.ndarray:
        key = samples.tobytes()
        if key not in extended:
            extended[key] = features.extended_features(network, samples, batch_size)
        return extended[key] @ (weights + share * along)

    return move_all_layers.Move(float(found.score[0]), logits_at)


def difference(logits: np.ndarray) -> np.ndarray:
    """(n,) logit of class 1 minus that of class 0."""
    return np.diff(boundary.class_logits(logits), axis=1)[:, 0]


job.run(
    map_boundary_move,
    scope="params.scope",
    target=lambda subgroups, target: subgroups.index(target),
    points="params.plane.points",
    margin="params.plane.margin",
    attributes=provenance.attributes,
)
