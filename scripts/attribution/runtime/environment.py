"""The environment that jobs compute in: the user's Keras, TensorFlow and Python set-up decides no number."""

import json
import os
import shlex
from collections.abc import MutableMapping
from pathlib import Path

# A keras.json of the project's own. Keras reads it and writes nothing, as it is there, whatever runs at the same time.
KERAS_HOME = Path(__file__).parents[3] / "config/keras"
# scripts lie in folders by their stage, and find the package that they share by PYTHONPATH, which is this alone
SET = {
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": str(KERAS_HOME),
    "PYTHONPATH": str(Path(__file__).parents[2]),
}
# What numbers, figures or the code behind them depend on. Of TensorFlow's variables those stay that are about messages,
# memory, devices and threads; any other is taken away, known or not.
REMOVED = (
    "PYTHONHOME", "PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONUSERBASE",
    "NVIDIA_TF32_OVERRIDE", "NPY_PROMOTION_STATE", "MATPLOTLIBRC", "MPLBACKEND",
)  # fmt: skip
REMOVED_FAMILIES = ("KERAS_", "TF_", "TF2_", "XLA_", "AUTOGRAPH_")
KEPT = (
    "TF_CPP_MIN_LOG_LEVEL", "TF_CPP_MAX_VLOG_LEVEL", "TF_CPP_VMODULE", "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_FORCE_UNIFIED_MEMORY", "TF_GPU_ALLOCATOR", "TF_GPU_THREAD_MODE", "TF_GPU_THREAD_COUNT",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)  # fmt: skip
CUDA_FOLDER = "--xla_gpu_cuda_data_dir="  # where XLA finds CUDA


def fix(environment: MutableMapping[str, str]) -> None:
    """Set and remove what results depend on: for Keras, where it is imported later, and for processes started later."""
    flags = [flag for flag in environment.get("XLA_FLAGS", "").split() if flag.startswith(CUDA_FOLDER)]
    for name in list(environment):
        if name in REMOVED or (name.startswith(REMOVED_FAMILIES) and name not in KEPT):
            del environment[name]
    environment.update(SET)
    if flags:
        environment["XLA_FLAGS"] = " ".join(flags)


def fix_keras(keras) -> None:
    """Settle a Keras that was imported before this package, with the user's keras.json.

    Raises:
        RuntimeError: when its backend is another one, which cannot be changed any more.
    """
    chosen = json.loads((KERAS_HOME / "keras.json").read_text())
    if keras.config.backend() != chosen["backend"]:
        raise RuntimeError(
            f"Keras runs on {keras.config.backend()}, but the project needs {chosen['backend']}; import `attribution` "
            f"before keras, or set KERAS_BACKEND={chosen['backend']}"
        )
    keras.config.set_floatx(chosen["floatx"])
    keras.config.set_epsilon(chosen["epsilon"])
    keras.config.set_image_data_format(chosen["image_data_format"])


def interpreter(executable: str, environment: MutableMapping[str, str]) -> str:
    """This Python as a shell command finds it: Snakemake starts scripts by `sys.executable`, without quotes.

    Args:
        executable: its path. environment: its PATH is led by the interpreter's folder where the path needs quotes.

    Returns:
        the path, or where it needs quotes, as with a blank in it, the file's name alone.
    """
    if shlex.quote(executable) == executable:
        return executable
    folder, name = os.path.split(executable)
    environment["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return name
