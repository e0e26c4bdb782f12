"""Factors of the gradients of all points, with the parameters and their weight decay."""

from attribution import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

import keras

from attribution import cost, features, h5, names, network_cost, provenance
from attribution.residuals import residuals


def cache_gradients(data: str, model: str, scope: str, batch_size: int, path: str, attributes: dict) -> None:
    """Write gradients.h5.

    In scope `last_layer` the factors are extended features and residuals. In `all_layers` the gradient itself stands
    for the features and the residual is 1, so that everything downstream is the same.
    """
    network = keras.models.load_model(model, compile=False)
    x_train, y_train, x_test, y_test = h5.read(data, names.X_TRAIN, names.Y_TRAIN, names.X_TEST, names.Y_TEST)
    if scope == "all_layers":
        from attribution import network_files

        arrays = network_files.gradient_arrays(network, x_train, y_train, x_test, y_test, batch_size)
    else:
        weights, decay, slope = features.last_layer_parameters(network)
        n, data_bytes = len(x_train) + len(x_test), x_train.nbytes + x_test.nbytes
        cost.require(
            "gradient cache",
            network_cost.gradient_cache(network, n, *weights.shape, data_bytes, batch_size),
            "lower influence.batch_size, or the number of points of the data set",
            network_cost.speed(),
        )
        arrays = {names.PARAMETERS: weights.ravel(), names.DECAY: decay, names.DECAY_GRADIENT: slope}
        for x, y, n_features, n_logits, n_residuals in (
            (x_train, y_train, names.FEATURES_TRAIN, names.LOGITS_TRAIN, names.RESIDUALS_TRAIN),
            (x_test, y_test, names.FEATURES_TEST, names.LOGITS_TEST, names.RESIDUALS_TEST),
        ):
            arrays[n_features] = features.extended_features(network, x, batch_size)
            arrays[n_logits] = arrays[n_features] @ weights
            arrays[n_residuals] = residuals(arrays[n_logits], y)
    h5.write(path, arrays, attributes)


if "snakemake" in globals():
    cache_gradients(
        snakemake.input.data,
        snakemake.input.model,
        snakemake.params.scope,
        snakemake.params.batch_size,
        snakemake.output.gradients,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
