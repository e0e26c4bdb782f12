"""Factors of the gradients of all points, with the parameters and their weight decay."""

from attribution import devices, log

if "snakemake" in globals():
    log.capture(snakemake.log[0])
    devices.take_one()

import h5py
import keras
import numpy as np

from attribution import cost, features, h5, names, network_cost, provenance
from attribution.residuals import residuals

TRAIN = (names.X_TRAIN, names.Y_TRAIN, names.FEATURES_TRAIN, names.LOGITS_TRAIN, names.RESIDUALS_TRAIN)
TEST = (names.X_TEST, names.Y_TEST, names.FEATURES_TEST, names.LOGITS_TEST, names.RESIDUALS_TEST)


def cache_gradients(
    data: str, model: str, scope: str, batch_size: int, storage: str, path: str, attributes: dict
) -> None:
    """Write gradients.h5.

    In scope `last_layer` the factors are extended features and residuals, written block by block. In `all_layers` the
    gradient itself stands for the features and the residual is 1, so that everything downstream is the same.

    Args:
        data, model: data.h5 and model.keras. scope: `last_layer` or `all_layers`. batch_size: samples a block.
        storage: `float64` or `float32`, of the last layer's features; logits and residuals are float64.
    """
    network = keras.models.load_model(model, compile=False)
    if scope == "all_layers":
        from attribution import network_files

        points = h5.read(data, names.X_TRAIN, names.Y_TRAIN, names.X_TEST, names.Y_TEST)
        h5.write(path, network_files.gradient_arrays(network, *points, batch_size), attributes)
        return
    weights, decay, slope = features.last_layer_parameters(network)
    with h5.opened(data, names.X_TRAIN, names.X_TEST) as (x, x_test):
        cost.require(
            "gradient cache",
            network_cost.gradient_cache(
                network, len(x) + len(x_test), *weights.shape, x[:1].nbytes * batch_size, batch_size
            ),
            "lower influence.batch_size",
            network_cost.speed(),
        )
    with h5.writing(path, attributes) as file:
        for name, array in (
            (names.PARAMETERS, weights.ravel()),
            (names.DECAY, decay),
            (names.DECAY_GRADIENT, slope),
        ):
            file.create_dataset(name, data=array, track_times=False)
        write_factors(file, TRAIN, data, network, weights, batch_size, storage)
        write_factors(file, TEST, data, network, weights, batch_size, storage)


def write_factors(
    file: h5py.File,
    arrays: tuple,
    data: str,
    network: keras.Model,
    weights: np.ndarray,
    batch_size: int,
    storage: str,
) -> None:
    """Fill features, logits and residuals of one of the two sets; memory is that of one block.

    Args:
        file: open for writing. arrays: TRAIN or TEST, names of samples, labels and the three results.
        data: data.h5. weights: (D, C). batch_size, storage: as in `cache_gradients`.
    """
    x_name, y_name, *results = arrays
    with h5.opened(data, x_name, y_name) as (x, labels):
        n, y = len(x), labels[()]
        widths, kinds = (*weights.shape, weights.shape[1]), (storage, "float64", "float64")
        sets = [
            file.create_dataset(name, (n, width), kind, track_times=False)
            for name, width, kind in zip(results, widths, kinds, strict=True)
        ]
        blocks = features.feature_blocks(network, x, batch_size)
        start = 0
        for block in log.progress(blocks, f"gradients, {x_name}", total=-(-n // batch_size)):
            part = slice(start, start + len(block))
            logits = block @ weights
            for written, values in zip(sets, (block, logits, residuals(logits, y[part])), strict=True):
                written[part] = values
            start = part.stop


if "snakemake" in globals():
    cache_gradients(
        snakemake.input.data,
        snakemake.input.model,
        snakemake.params.scope,
        snakemake.params.batch_size,
        snakemake.params.storage,
        snakemake.output.gradients,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
