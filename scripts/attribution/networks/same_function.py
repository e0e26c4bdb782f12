"""Whether two networks compute the same: samples go through both, and the first layer that differs is named."""

import keras
import numpy as np

# Largest difference, as a share of the largest output, that rounding explains: sums of thousands of float32 products
# stay below 1e-5 of it, activations in float16 or bfloat16 carry 11 and 8 bits from layer to layer.
ROUNDING = {"float64": 1e-10, "float32": 1e-4, "float16": 0.05, "bfloat16": 0.1}
SAMPLES = 16


def first_line(error: Exception) -> str:
    """Kind and first line of an error's message."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def require(original: keras.Model, copy: keras.Model, samples: np.ndarray | None = None) -> None:
    """Raise ValueError unless both give the same outputs in inference mode, up to the coarser one's rounding.

    Args:
        original, copy: of one input. samples: (s, ...), of which SAMPLES are used; drawn without them.
    """
    x = drawn(original) if samples is None else np.asarray(samples[:SAMPLES])
    allowed = max(_rounding(original), _rounding(copy))
    size = difference(_outputs(original, x), _outputs(copy, x))
    if not size <= allowed:
        name, at_layer = _first_layer(original, copy, x, allowed)
        where = f"layer '{name}' differs by {at_layer:.2g}" if name else "no single layer differs"
        raise ValueError(
            f"a copy of network '{original.name}' computes another function: its outputs differ by {size:.2g} of their "
            f"size, more than rounding ({allowed:.0e}); {where}; write that layer in another way, or report it"
        )


def difference(expected: list[np.ndarray], found: list[np.ndarray]) -> float:
    """Largest absolute difference over the largest absolute value; 0 where both are NaN or infinite, NaN where one is.

    Raises:
        ValueError: when shapes differ.
    """
    worst = 0.0
    for a, b in zip(expected, found, strict=True):
        if a.shape != b.shape:
            raise ValueError(f"a copy of a network gives outputs of shape {b.shape} in place of {a.shape}")
        a, b = a.astype(np.float64), b.astype(np.float64)
        finite = np.isfinite(a) & np.isfinite(b)
        if not np.array_equal(np.where(finite, 0, a), np.where(finite, 0, b), equal_nan=True):
            return float("nan")
        if finite.any():
            a, b = a[finite], b[finite]
            worst = max(worst, float(np.abs(a - b).max() / max(np.abs(a).max(), np.finfo(np.float32).tiny)))
    return worst


def layers(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers at any depth, those of nested networks and inside wrappers too, each once; networks themselves not."""
    found = {id(layer): layer for layer in model._flatten_layers() if not isinstance(layer, keras.Model)}
    return list(found.values())


def operations(model: keras.Model) -> list:
    """Layers and operators of a network, nested networks as one each; of a Sequential one too."""
    return list(keras.Model(model.inputs, model.outputs).operations)


def drawn(model: keras.Model) -> np.ndarray:
    """(SAMPLES, ...) inputs of the kind that the network takes: normal numbers, or zeros and ones."""
    shape = (SAMPLES, *(size or 4 for size in model.inputs[0].shape[1:]))
    rng, taken = np.random.default_rng(0), np.dtype(model.inputs[0].dtype)
    if taken.kind == "f":
        return rng.normal(size=shape).astype(taken)
    return rng.integers(0, 2, shape).astype(taken)


def _outputs(model: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(part) for part in keras.tree.flatten(model(x, training=False))]


def _rounding(model: keras.Model) -> float:
    """Of the coarsest layer."""
    kinds = {layer.compute_dtype for layer in layers(model)}
    return max((ROUNDING[kind] for kind in kinds if kind in ROUNDING), default=ROUNDING["float32"])


def _first_layer(original: keras.Model, copy: keras.Model, x: np.ndarray, allowed: float) -> tuple[str, float]:
    """Name of the first layer, in the order of computing, whose outputs differ, and by how much; "" for none.

    A nested network is looked into with the inputs that it gets in the original.
    """
    theirs, ours = (_single(model) for model in (original, copy))
    names = [name for name in theirs if name in ours]
    for name in names:
        pair = [_of(model, [found[name].output], x) for model, found in ((original, theirs), (copy, ours))]
        size = difference(*pair)
        if not size <= allowed:
            nested = theirs[name]
            if isinstance(nested, keras.Model) and len(nested.inputs) == 1 and isinstance(ours[name], keras.Model):
                inner, at = _first_layer(nested, ours[name], _of(original, [nested.input], x)[0], allowed)
                return (f"{name}/{inner}", at) if inner else (name, size)
            return name, size
    return "", 0.0


def _single(model: keras.Model) -> dict:
    """Layers and operators of a network that are used once, by name."""
    found = {}
    for operation in operations(model):
        try:
            found[operation.name] = operation if keras.tree.flatten(operation.output) else None
        except (AttributeError, ValueError):  # used more than once, or never: it has no one output
            continue
    return {name: operation for name, operation in found.items() if operation is not None}


def _of(model: keras.Model, tensors: list, x: np.ndarray) -> list[np.ndarray]:
    found = keras.Model(model.inputs, keras.tree.flatten(tensors))(x, training=False)
    return [keras.ops.convert_to_numpy(part) for part in keras.tree.flatten(found)]
