"""Precision of a network: where mixed precision is used, and copies that compute in another. Backend-neutral Keras 3.

A copy is what Keras reads back from the network's own file, with other number types in the file's configuration: so it
has whatever state a layer keeps beside its weights, at any depth, and operators and masks are those of the graph.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from attribution.networks import same_function
from attribution.networks.same_function import layers

MIXED = "mixed_float16"
FLOATS = ("float16", "bfloat16", "float32", "float64", MIXED, "mixed_bfloat16")


def policy(recipe: dict) -> str:
    """Keras's policy for a recipe: float16 with float32 weights where it says auto and there is a GPU, else float32."""
    mixed = recipe.get("mixed_precision") == "auto" and keras.distribution.list_devices("gpu")
    return MIXED if mixed else "float32"


@contextmanager
def computing_in(name: str) -> Iterator[None]:
    """Give layers made inside the block that policy; the setting before is put back."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def own_classes_hidden() -> Iterator[None]:
    """Inside the block Keras knows no registered classes of a user's, as the job that reads a file next knows none."""
    known = keras.saving.get_custom_objects()
    before = dict(known)
    known.clear()
    try:
        yield
    finally:
        known.update(before)


def is_mixed(model: keras.Model) -> bool:
    """Whether some layer, at any depth, computes in less than float32."""
    return any(layer.compute_dtype in ("float16", "bfloat16") for layer in layers(model))


def copied(model: keras.Model, dtype: str | None = None, samples: np.ndarray | None = None) -> keras.Model:
    """A copy with weights and state of its own that computes the same function.

    Args:
        model: Sequential or functional, of layers that Keras's safe mode reads.
        dtype: Keras's policy of every layer and operator, nested ones too; as they are without it. Integer types stay.
        samples: (s, ...) inputs that go through both; some are drawn without them.

    Raises:
        ValueError: when Keras cannot store the network or read it back, or the copy computes something else; one
            sentence.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            stored = Path(folder, "model.keras")
            model.save(stored)
            if dtype is not None:
                stored = _rewritten(stored, Path(folder, "copy.keras"), dtype)
            with computing_in(dtype or "float32"), own_classes_hidden():
                copy = keras.saving.load_model(stored, compile=False, safe_mode=True)
    except Exception as error:
        wanted = f" in {dtype}" if dtype else ""
        # Keras wraps the reason in others
        while error.__cause__ or error.__context__:
            error = error.__cause__ or error.__context__
        raise ValueError(
            f"network '{model.name}' cannot be stored and read back{wanted} without code of your own "
            f"({same_function.first_line(error)}); use Keras's own layers and no Lambda"
        ) from error
    same_function.require(model, copy, samples)
    return copy


def _rewritten(source: Path, target: Path, dtype: str) -> Path:
    """A .keras file like `source` whose configuration names another number type wherever it names a float."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name == "config.json":
                new.writestr(name, json.dumps(with_dtype(json.loads(old.read(name)), dtype)))
            else:
                with old.open(name) as part, new.open(name, "w", force_zip64=True) as whole:
                    while block := part.read(1 << 20):
                        whole.write(block)
    return target


def with_dtype(config, dtype: str):
    """A configuration of Keras's (nested dicts and lists) with another type in place of every float type in it."""
    if isinstance(config, list):
        return [with_dtype(part, dtype) for part in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in FLOATS:
        return config | {"config": {"name": dtype}}
    return {
        key: dtype if key.endswith("dtype") and isinstance(part, str) and part in FLOATS else with_dtype(part, dtype)
        for key, part in config.items()
    }


def in_float32(model: keras.Model, samples: np.ndarray | None = None) -> keras.Model:
    """A copy that computes in float32, with weights of its own; the model itself where nothing is mixed."""
    return copied(model, "float32", samples) if is_mixed(model) else model


def in_float64(model: keras.Model, samples: np.ndarray | None = None) -> keras.Model:
    """A copy that computes in float64, or, where Keras cannot do that, in float32, which is said on the output.

    Args:
        model, samples: as in `copied`.

    Raises:
        ValueError: when neither computes what the network computes.
    """
    try:
        return copied(model, "float64", samples)
    except ValueError as error:
        copy = copied(model, "float32", samples)
        print(f"computing in float32, since in float64: {error}", flush=True)
        return copy


def as_taken(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Samples rounded to the number type that the network takes, so that a copy sees no more digits than it does."""
    taken = np.dtype(model.inputs[0].dtype)
    return x.astype(taken) if x.dtype.kind == taken.kind == "f" and x.dtype != taken else x
