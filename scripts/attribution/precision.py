"""Mixed precision: where it is used, and a float32 copy of a network trained in it. Backend-neutral Keras 3."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

MIXED = "mixed_float16"


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


def is_mixed(model: keras.Model) -> bool:
    """Whether some layer, also of a nested network, computes in another precision than its weights'."""
    return any(
        layer.dtype_policy.name.startswith("mixed") or (isinstance(layer, keras.Model) and is_mixed(layer))
        for layer in model.layers
    )


def in_float32(model: keras.Model) -> keras.Model:
    """A copy that computes in float32, with weights of its own; the model itself where nothing is mixed."""
    if not is_mixed(model):
        return model

    def single(layer):
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})

    with computing_in("float32"):
        copy = keras.models.clone_model(model, clone_function=single, recursive=True)
    copy.set_weights(model.get_weights())
    return copy
