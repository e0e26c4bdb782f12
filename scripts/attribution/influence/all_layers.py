"""Gradients and Hessian in all trainable parameters, by autodiff; for networks of a few thousand parameters.

Derivatives are taken in the network's own precision, float64 for a copy from `precision.in_float64` wherever Keras can
compute it so; everything after them is float64.

The gradient itself, (n, k), takes the place of the features and a residual of 1, (n, 1), that of the residuals:
then everything written for factors (influence, self-influence, Algorithm 1) serves this scope unchanged.
"""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse.linalg import LinearOperator, eigsh

from attribution.networks import precision
from attribution.numerics.residuals import probabilities, residuals


def jacobian(model: keras.Model, x: np.ndarray, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits and their derivatives in the parameters, in inference mode.

    Args:
        model: from `precision.in_float64`. x: (n, ...). batch: samples a pass; does not change the result.

    Returns:
        logits (n, C), jacobian (n, C, k), float64: 8 n C k bytes.
    """
    pieces = list(_jacobians(model, x, batch))
    return tuple(np.concatenate(arrays) for arrays in zip(*pieces, strict=True))


def _jacobians(model: keras.Model, x: np.ndarray, batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same a batch at a time."""
    variables = [variable.value for variable in model.trainable_variables]

    @tf.function(reduce_retracing=True)
    def derivatives(part):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            logits = model(part, training=False)
        parts = tape.jacobian(logits, variables)
        return logits, [tf.reshape(p, [tf.shape(part)[0], logits.shape[1], -1]) for p in parts]

    for start in range(0, len(x), batch):
        logits, parts = derivatives(_samples(model, x[start : start + batch]))
        found = np.concatenate([part.numpy() for part in parts], axis=2)
        yield logits.numpy().astype(np.float64, copy=False), found.astype(np.float64, copy=False)


def _samples(model: keras.Model, part: np.ndarray) -> tf.Tensor:
    return tf.constant(part, tf.as_dtype(model.inputs[0].dtype))


def gradients(model: keras.Model, x: np.ndarray, y: np.ndarray, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, C) and per-sample gradients (n, k) of the cross-entropy, penalties left out.

    The stable residual is contracted with the logits' Jacobian: autodiff of the loss would lose it to rounding. The
    Jacobian is there for a batch at a time, 8 batch C k bytes.
    """
    found = []
    for number, (logits, derivative) in enumerate(_jacobians(model, x, batch)):
        r = residuals(logits, y[number * batch : (number + 1) * batch])
        found.append((logits, np.einsum("nck,nc->nk", derivative, r)))
    return tuple(np.concatenate(arrays) for arrays in zip(*found, strict=True))


def _curvature(model: keras.Model, x: np.ndarray, r: np.ndarray, batch: int) -> Callable:
    """(k, b) -> (k, b): product with sum_i sum_c r_ic Hessian(logit_ic), r held constant."""
    variables = [variable.value for variable in model.trainable_variables]
    # TensorFlow cannot turn the derivative of a recurrent layer's loop into one of many vectors at once
    at_once = not any(isinstance(layer, keras.layers.RNN) for layer in precision.layers(model))

    @tf.function(reduce_retracing=True)
    def products(part, weight, v):
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            outer.watch(variables)
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(variables)
                total = tf.reduce_sum(weight * model(part, training=False))
            slope = tf.concat([tf.reshape(g, [-1]) for g in inner.gradient(total, variables)], 0)
            along = tf.linalg.matvec(v, slope, transpose_a=True)
        # piecewise linear networks: the last bias has no second derivative at all
        second = outer.jacobian(
            along, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO, experimental_use_pfor=at_once
        )
        return tf.concat([tf.reshape(s, [tf.shape(v)[1], -1]) for s in second], 1)

    def product(v: np.ndarray) -> np.ndarray:
        total = np.zeros_like(v)
        for i in range(0, len(x), batch):
            weight, along = (tf.constant(a, tf.as_dtype(model.outputs[0].dtype)) for a in (r[i : i + batch], v))
            total += products(_samples(model, x[i : i + batch]), weight, along).numpy().T
        return total

    return product


def hessian_product(
    model: keras.Model, x: np.ndarray, y: np.ndarray, batch: int, weights: np.ndarray | None = None
) -> Callable:
    """Product with the mean Hessian of the cross-entropy, for many vectors at once.

    H = (1/n) sum_i J_i^T (diag(p_i) - p_i p_i^T) J_i + (1/n) sum_ic r_ic Hessian(logit_ic) (Schraudolph 2002, eq. 6
    and the term that it leaves out).

    Args:
        model: from `precision.in_float64`. x, y: the samples. batch: samples a pass. weights: (n,) of the samples in
            the mean, which n divides; None for 1.

    Returns:
        function (k, b) -> (k, b), float64. Keeps the (n, C, k) Jacobian.
    """
    logits, derivative = jacobian(model, x, batch)
    p = probabilities(logits)
    bent = _curvature(model, x, residuals(logits, y, weights), batch)

    def product(v: np.ndarray) -> np.ndarray:
        moved = np.tensordot(derivative, v, axes=(2, 0))
        weighted = p[:, :, None] * moved
        if p.shape[1] == 1:
            weighted *= (1 - p)[:, :, None]
        else:
            weighted -= p[:, :, None] * weighted.sum(axis=1, keepdims=True)
        if weights is not None:
            weighted *= weights[:, None, None]
        return (np.tensordot(derivative, weighted, axes=([0, 1], [0, 1])) + bent(v)) / len(x)

    return product


def hessian(
    model: keras.Model, x: np.ndarray, y: np.ndarray, batch: int, columns: int = 128, weights: np.ndarray | None = None
) -> np.ndarray:
    """(k, k) mean Hessian of the cross-entropy, exactly, from products with the unit vectors, `columns` at a time."""
    product = hessian_product(model, x, y, batch, weights)
    k = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    unit = np.eye(k)
    full = np.concatenate([product(unit[:, i : i + columns]) for i in range(0, k, columns)], axis=1)
    return (full + full.T) / 2


def gauss_newton_trace(model: keras.Model, x: np.ndarray, batch: int, weights: np.ndarray | None = None) -> float:
    """Trace of the mean of w_i J_i^T (diag(p_i) - p_i p_i^T) J_i, exactly; w the weights (n,), or 1.

    It is the Hessian's own trace where every logit is linear in each single parameter, as with ReLU and Dense layers;
    elsewhere it leaves out the residuals' part, which may be negative and so is no measure of the eigenvalues' size.
    """
    logits, derivative = jacobian(model, x, batch)
    p = probabilities(logits)
    if weights is not None:
        derivative = derivative * np.sqrt(weights)[:, None, None]
    squares = np.einsum("nck,nck,nc->", derivative, derivative, p)
    if p.shape[1] == 1:
        return float((squares - np.einsum("nck,nck,nc->", derivative, derivative, p**2)) / len(x))
    means = np.einsum("nck,nc->nk", derivative, p)
    return float((squares - (means**2).sum()) / len(x))


def smallest_eigenvalue(product: Callable, k: int) -> float:
    """Smallest eigenvalue of a symmetric (k, k) matrix given by its products, by Lanczos to rounding.

    The start is drawn with a fixed seed, so that the damping taken from it is the same in every run.
    """
    operator = LinearOperator((k, k), matvec=lambda v: product(v.reshape(k, 1))[:, 0], dtype=np.float64)
    start = np.random.default_rng(0).normal(size=k)
    return float(eigsh(operator, k=1, which="SA", v0=start, return_eigenvectors=False, maxiter=20 * k)[0])
