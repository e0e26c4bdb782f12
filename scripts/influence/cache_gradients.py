"""Factors of the gradients of all points, with the parameters and their weight decay; resumes after a kill."""

from attribution.runtime import job, log

job.begin()

from pathlib import Path

import h5py
import keras
import numpy as np

from attribution.costs import networks as network_cost
from attribution.costs import stages as cost
from attribution.files import hdf5, provenance, resume
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import (
    DECAY,
    DECAY_GRADIENT,
    FEATURES_TEST,
    FEATURES_TRAIN,
    LOGITS_TEST,
    LOGITS_TRAIN,
    PARAMETERS,
    POINT_WEIGHTS,
    RESIDUALS_TEST,
    RESIDUALS_TRAIN,
)
from attribution.influence import features
from attribution.networks import build as models
from attribution.networks import penalties, same_function
from attribution.numerics.residuals import residuals
from attribution.training import class_weights as weighting

TRAIN = (X_TRAIN, Y_TRAIN, FEATURES_TRAIN, LOGITS_TRAIN, RESIDUALS_TRAIN)
TEST = (X_TEST, Y_TEST, FEATURES_TEST, LOGITS_TEST, RESIDUALS_TEST)
# Batches whose factors are one file of unfinished work.
SHARD = 2


def cache_gradients(
    data: str, model: str, scope: str, batch_size: int, storage: str, digest: str, path: str, attributes: dict,
    class_weights: str | list[float] = (),
) -> None:  # fmt: skip
    """Write gradients.h5.

    In scope `last_layer` the factors are extended features and residuals. Every SHARD batches of them are a file in a
    hidden folder beside `path`; a repeated call after a kill goes on from there and ends with the same arrays. In
    `all_layers` the gradient itself stands for the features and the residual is 1, so that everything downstream is
    the same; that scope is computed in one go.

    Args:
        data, model: data.h5 and model.keras. scope: `last_layer` or `all_layers`. batch_size: samples a pass.
        storage: `float64` or `float32`, of the last layer's features; logits and residuals are float64.
        digest: changes with whatever the result depends on (see `resume.digest`); unfinished work of another digest
            is not used.
        class_weights: of the recipe, see `class_weights.of_labels`; residuals of training points are times them.
    """
    network = keras.models.load_model(model, compile=False)
    if scope == "all_layers":
        from attribution.influence import all_layers_files as network_files

        points = hdf5.read(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
        arrays = network_files.gradient_arrays(
            network, *points, batch_size, weighting.of_labels(points[1], class_weights)
        )
        hdf5.write(path, arrays, attributes)
        return
    weights, decay, slope = features.last_layer_parameters(network)
    d, c = weights.shape
    with hdf5.opened(data, X_TRAIN, X_TEST) as (x, x_test):
        penalties.refuse_others(network, [models.last_dense(network)], x[: same_function.SAMPLES])
        held = x[:1].nbytes * batch_size + cost.factor_bytes(SHARD * batch_size, d, 2 * c)
        cost.require(
            "gradient cache",
            network_cost.gradient_cache(network, len(x) + len(x_test), d, c, held, batch_size),
            "lower influence.batch_size",
            network_cost.speed(),
        )
    folder = resume.shards(path, digest)
    of_points = {TRAIN: weighting.of_labels(hdf5.read(data, Y_TRAIN)[0], class_weights), TEST: None}
    shards = {
        arrays: factor_shards(folder, arrays, data, network, weights, batch_size, own)
        for arrays, own in of_points.items()
    }
    with hdf5.writing(path, attributes) as file:
        for name, array in (
            (PARAMETERS, weights.ravel()),
            (DECAY, decay),
            (DECAY_GRADIENT, slope),
        ):
            file.create_dataset(name, data=array, track_times=False)
        if of_points[TRAIN] is not None:
            file.create_dataset(POINT_WEIGHTS, data=of_points[TRAIN], track_times=False)
        for (_, _, *results), files in shards.items():
            for name, kind in zip(results, (storage, "float64", "float64"), strict=True):
                gather(file, name, kind, files)
    resume.discard(path)


def factor_shards(
    folder: Path, arrays: tuple, data: str, network: keras.Model, weights: np.ndarray, batch_size: int,
    of_points: np.ndarray | None = None,
) -> list[Path]:  # fmt: skip
    """Files with features, logits and residuals of one of the two sets, in order; what exists is kept.

    Args:
        folder: of the files. arrays: TRAIN or TEST, names of samples, labels and the three results.
        data: data.h5. weights: (D, C). batch_size: as in `cache_gradients`. of_points: (n,) weights of the points in
            the objective; None for 1.
    """
    x_name, y_name, *results = arrays
    files = []
    with hdf5.opened(data, x_name, y_name) as (x, labels):
        n, y, size = len(x), labels[()], SHARD * batch_size
        for start in log.progress(range(0, n, size), f"gradients, {x_name}, {size} points each"):
            files.append(folder / f"{x_name}-{start}.h5")
            if files[-1].exists():
                continue
            rows = range(start, min(start + size, n))
            h = np.concatenate(list(features.feature_blocks(network, x, batch_size, rows)))
            logits = h @ weights
            part = slice(rows.start, rows.stop)
            values = (h, logits, residuals(logits, y[part], weighting.of_members(of_points, part)))
            hdf5.write(files[-1], dict(zip(results, values, strict=True)), {})
    return files


def gather(file: h5py.File, name: str, kind: str, files: list[Path]) -> None:
    """Put the parts of one array together, one after another; `kind` is its number type."""
    shapes = []
    for path in files:
        with hdf5.opened(path, name) as (part,):
            shapes.append(part.shape)
    whole = file.create_dataset(name, (sum(rows for rows, _ in shapes), shapes[0][1]), kind, track_times=False)
    start = 0
    for path, (rows, _) in zip(files, shapes, strict=True):
        (whole[start : start + rows],) = hdf5.read(path, name)
        start += rows


job.run(
    cache_gradients, model="input.model", scope="params.scope", digest=resume.of_job, attributes=provenance.attributes
)
