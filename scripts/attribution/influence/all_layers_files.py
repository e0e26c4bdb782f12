"""The all-layers scope on files: what gradients.h5 and hessian.h5 hold, and the inverse by conjugate gradients."""

import keras
import numpy as np

from attribution.costs import networks as network_cost
from attribution.costs import stages as cost
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
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
from attribution.influence import all_layers, inverse
from attribution.influence.points import Solve
from attribution.networks import penalties, precision, same_function
from attribution.numerics import hessian, solvers
from attribution.training import class_weights


def gradient_arrays(
    network: keras.Model, x_train, y_train, x_test, y_test, batch: int, weights: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Arrays of gradients.h5: gradients as features, ones as residuals, and the parameters with their decay.

    Args:
        weights: (n,) of the training points in the objective, which stand for their residuals; None for 1.

    Raises:
        ValueError: for a network that cannot be copied, has no trainable parameters, or penalties not understood.
    """
    x_train, x_test = (precision.as_taken(network, x) for x in (x_train, x_test))
    copy = precision.in_float64(network, x_train)
    if not copy.trainable_variables:
        raise ValueError(
            f"network '{network.name}' has no trainable parameters, every layer of it is frozen; set trainable = True "
            "before saving it, or choose scope last_layer"
        )
    penalties.refuse_others(copy, precision.layers(copy), x_train[: same_function.SAMPLES])
    k, outputs = sum(variable.value.shape.num_elements() for variable in copy.trainable_variables), copy.output_shape[1]
    cost.require(
        "gradients in all layers",
        cost.network_gradients(len(x_train) + len(x_test), k, outputs, min(batch, len(x_train))),
        "lower influence.batch_size, take fewer points, or set the study's scope to last_layer",
        network_cost.speed(),
    )
    theta, decay, slope = penalties.derivatives(copy.trainable_variables)
    logits_train, g_train = all_layers.gradients(copy, x_train, y_train, batch)
    logits_test, g_test = all_layers.gradients(copy, x_test, y_test, batch)
    alone = np.ones(len(g_train)) if weights is None else weights
    return ({} if weights is None else {POINT_WEIGHTS: weights}) | {
        PARAMETERS: theta,
        DECAY: decay,
        DECAY_GRADIENT: slope,
        FEATURES_TRAIN: g_train,
        RESIDUALS_TRAIN: alone[:, None],
        LOGITS_TRAIN: logits_train,
        FEATURES_TEST: g_test,
        RESIDUALS_TEST: np.ones((len(g_test), 1)),
        LOGITS_TEST: logits_test,
    }


def _undamped(files: dict, batch: int):
    network = keras.models.load_model(files["model"], compile=False)
    x, y = hdf5.read(files["data"], X_TRAIN, Y_TRAIN)
    x = precision.as_taken(network, x)
    network = precision.in_float64(network, x)
    (decay,) = hdf5.read(files["gradients"], DECAY)
    return network, x, y, decay, class_weights.stored(files["gradients"])


def hessian_arrays(files: dict, solver: str, batch: int, damping: dict) -> tuple[dict, dict]:
    """Arrays and attributes of hessian.h5; for `cg` no array, only the damping and what it was found from.

    Args:
        files: paths of `model`, `data`, `gradients`. damping: `mode`, `value`.
    """
    network, x, y, decay, weights = _undamped(files, batch)
    exact = solver == "exact"
    outputs, k = network.output_shape[1], len(decay)
    # what conjugate gradients need is less, but not always little enough
    by_cg = cost.network_hessian(len(x), k, outputs, False)["bytes"] <= cost.available_memory()
    cost.require(
        "Hessian in all layers",
        cost.network_hessian(len(x), k, outputs, exact),
        ("set influence.solver to cg, or " if exact and by_cg else "") + "set the study's scope to last_layer",
        network_cost.speed(),
    )
    trace = all_layers.gauss_newton_trace(network, x, batch, weights) + float(decay.sum())
    if solver == "exact":
        matrix = all_layers.hessian(network, x, y, batch, weights=weights) + np.diag(decay)
        return inverse.cache_of_factor(matrix, damping, trace)
    product = all_layers.hessian_product(network, x, y, batch, weights)
    smallest = all_layers.smallest_eigenvalue(lambda v: product(v) + decay[:, None] * v, len(decay))
    added = hessian.damping_value(damping["mode"], damping["value"], trace, len(decay), smallest)
    hessian.refuse_zero(trace / len(decay) + added)
    found = {"solver": "cg", "damping": added, "k": len(decay), "trace": trace, "smallest_eigenvalue": smallest}
    return {}, found


def all_layers_cg(files: dict, damping: float, batch: int, tolerance: float, max_iterations: int) -> Solve:
    """(k, b) -> (k, b) by conjugate gradients, preconditioned with the diagonal of the empirical Fisher matrix."""
    network, x, y, decay, weights = _undamped(files, batch)
    g, alone = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    product = all_layers.hessian_product(network, x, y, batch, weights)
    added = (decay + damping)[:, None]
    diagonal = (g**2 * alone).mean(axis=0)[:, None] + added
    return lambda b: solvers.recorded(
        solvers.conjugate_gradients(
            lambda v: product(v) + added * v, b, lambda r: r / diagonal, tolerance, max_iterations
        )
    )
