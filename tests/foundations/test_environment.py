"""The user's Keras, TensorFlow and Python set-up changes no result."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import yaml

from attribution.runtime import environment
from helpers import ROOT
from train_model import train_model

pytestmark = pytest.mark.slow

SCRIPTS = str(ROOT / "scripts")
# trains one epoch of a small convolutional network: every number of it depends on floatx, data format and backend
CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
{first}
import hashlib
from attribution.networks import build as models
import keras, numpy as np
assert keras.config.backend() == "tensorflow"
x = np.random.default_rng(0).normal(size=(24, 24, 24, 3)).astype("float32")
y = np.arange(24) % 3
recipe = {{"architecture": "cnn", "rescale": {{"from": [0, 1], "to": [-1, 1]}}, "flip": False, "translation": 0.0,
           "mixed_precision": "auto"}}
network = models.build(recipe, (24, 24, 3), 3, 0)
network.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
network.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
weights = network.get_weights()
print({{w.dtype.name for w in weights}}, hashlib.sha256(b"".join(w.tobytes() for w in weights)).hexdigest())
"""
OLD = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 1e-3, "backend": "tensorflow"}


def hostile(folder, **changes):
    """An environment of a user who has used Keras and TensorFlow otherwise."""
    home = folder / "keras"
    home.mkdir(parents=True)
    (home / "keras.json").write_text(json.dumps(OLD | changes))
    return os.environ | {
        "KERAS_HOME": str(home), "KERAS_BACKEND": changes.get("backend", "tensorflow"), "KERAS_MAX_EPOCHS": "1",
        "KERAS_MAX_STEPS_PER_EPOCH": "1", "TF_USE_LEGACY_KERAS": "1", "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_FUNCTION_JIT_COMPILE_DEFAULT": "true", "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
    }  # fmt: skip


def trained(variables, first=""):
    command = [sys.executable, "-c", CHILD.format(first=first), SCRIPTS]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_older_keras_json_changes_no_weight_of_a_script(tmp_path):
    plain = trained({name: value for name, value in os.environ.items() if not name.startswith(("KERAS_", "TF_"))})
    assert plain.startswith("{'float32'}")
    assert trained(hostile(tmp_path / "jax", backend="jax")) == plain
    # a notebook that has imported Keras already, with its settings
    before = hostile(tmp_path / "before")
    kept = {name: before[name] for name in ("KERAS_HOME", "KERAS_BACKEND")}
    assert trained(os.environ | kept, first="import keras") == plain


def test_keras_on_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="Keras runs on jax, but the project needs tensorflow; import `attribution`"):
        environment.fix_keras(keras)


def test_only_what_results_depend_on_is_changed():
    kept = {
        "PATH": "/bin", "HOME": "/home/a", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "1",
        "OMP_NUM_THREADS": "2", "TF_FORCE_GPU_ALLOW_GROWTH": "true", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    taken = dict.fromkeys(
        ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "TF_USE_LEGACY_KERAS", "TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS",
         "TF_DETERMINISTIC_OPS", "KERAS_MAX_EPOCHS", "KERAS_NNX_ENABLED", "NVIDIA_TF32_OVERRIDE", "TF_NOT_YET_KNOWN"),
        "1",
    )  # fmt: skip
    found = kept | taken | {"KERAS_HOME": "/x", "KERAS_BACKEND": "torch"}
    found["XLA_FLAGS"] = "--xla_gpu_cuda_data_dir=/opt/cuda --xla_gpu_autotune_level=0"
    environment.fix(found)
    assert found == kept | environment.SET | {"XLA_FLAGS": "--xla_gpu_cuda_data_dir=/opt/cuda"}
    assert Path(found["KERAS_HOME"], "keras.json").is_file()


def test_the_projects_keras_settings_are_those_of_keras_itself():
    chosen = json.loads((environment.KERAS_HOME / "keras.json").read_text())
    assert chosen == {
        "floatx": "float32",
        "epsilon": 1e-7,
        "backend": "tensorflow",
        "image_data_format": "channels_last",
    }
    assert keras.config.floatx() == "float32" and keras.config.image_data_format() == "channels_last"


def test_a_job_trains_the_same_network_under_another_set_up(tmp_path):
    """Modules of PYTHONPATH stand before the environment's own, and its sitecustomize runs first of all."""
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "sitecustomize.py").write_text("import os\nos.environ['KERAS_BACKEND'] = 'torch'\n")
    (shadow / "tensorflow.py").write_text("raise RuntimeError('the tensorflow of PYTHONPATH')\n")
    (shadow / "h5py.py").write_text("raise RuntimeError('the h5py of PYTHONPATH')\n")
    run = "results/toy/mlp-plain/seed0"
    command = [Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", "--workflow-profile",
               ROOT / "profiles/default", "--configfile", ROOT / "config/tiny.yaml", "--cores", "1", "--",
               f"{run}/model.keras"]  # fmt: skip
    variables = hostile(tmp_path, backend="torch") | {"PYTHONPATH": str(shadow), "PYTHONSTARTUP": str(shadow / "no.py")}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    recipe = yaml.safe_load((ROOT / "config/models.yaml").read_text())["models"]["mlp-plain"]
    tiny = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())["models"]["mlp-plain"]
    recipe = recipe | tiny | {"training": recipe["training"] | tiny["training"]}
    train_model(
        str(tmp_path / "results/toy/data.h5"), recipe, 0, [], tmp_path / "model.keras", tmp_path / "history.csv"
    )
    found, expected = (
        keras.saving.load_model(path) for path in (tmp_path / run / "model.keras", tmp_path / "model.keras")
    )
    for ours, theirs in zip(found.get_weights(), expected.get_weights(), strict=True):
        assert ours.tobytes() == theirs.tobytes()
