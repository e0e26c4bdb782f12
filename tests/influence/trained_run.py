"""A tiny trained network with all that methods of pairs need, its training points in any order."""

import keras
import numpy as np

import cache_gradients
import cache_hessian
import compute_influence
import known_run
from attribution.data import data_file
from attribution.files import hdf5
from attribution.influence import inverse_files
from attribution.methods.run import CLASS_WEIGHTS, Run
from attribution.retraining import subsets
from attribution.training import replay
from attribution.workflow import registry
from helpers import CONFIG

# N is prime: whatever the size of batches, the last one is short
N, M, WIDTH, CLASSES = 23, 7, 4, 3
NAMES = ["cat", "dog", "ship"]
WEIGHTS = [1.0, 2.0, 0.5]
# steps of all points at once, in which their order cannot matter
RECIPE = {
    "architecture": "mlp", "hidden": [6], "dropout": 0.0, "l1": 0.0, "l2": 1e-2, "class_weights": WEIGHTS,
    "training": {
        "optimizer": "sgd", "learning_rate": 0.3, "momentum": 0.5, "epochs": 9, "batch_size": N, "schedule": [],
    },
}  # fmt: skip
FEW = {"networks": 3, "alpha": 0.6, "seed": 4}
SETTINGS = {
    "influence.batch_size": 64, "trak.subsets": FEW, "unrolled.subsets": FEW, "unrolled.betas": [10.0],
    "curvature.source": {"segments": 2, "checkpoints": 2}, "curvature.cg": {"tolerance": 1e-11, "max_iterations": 300},
    CLASS_WEIGHTS: WEIGHTS,
}  # fmt: skip
# methods that ask for a network with convolutions, which is another one on the same points and learned nothing
CONVOLVED = {"convolution-cosine-same-class"}
# what datamodels are fitted on, and shards of it
SUBSETS, SHARDS = 60, 2


def weights() -> list[np.ndarray]:
    """Of the network trained on the points as they are drawn."""
    arrays = known_run.clusters(N, M, (WIDTH,))
    training = replay.of_recipe(RECIPE, arrays["x_train"], arrays["y_train"], CLASSES, 0)
    return [value.numpy() for value in replay.run(training, np.ones(N)).theta]


def write(folder, own: list[np.ndarray], order: np.ndarray | None = None, batch: int = 64) -> dict[str, str]:
    """Files of the run by name, made by the pipeline's jobs in an empty folder.

    Args:
        own: weights of the network. order: (n,) the training points in this order; as they are drawn without it.
        batch: points a pass.
    """
    folder.mkdir(parents=True)
    order, arrays = np.arange(N) if order is None else order, known_run.clusters(N, M, (WIDTH,))
    arrays |= {name: values[order] for name, values in arrays.items() if name.endswith("_train")}
    files = {name: str(folder / f"{name}.h5") for name in ("data", "gradients", "hessian", "influence")}
    files["model"], facts = str(folder / "model.keras"), {"dataset": "tiny", "settings": "{}"}
    data_file.write(files["data"], arrays, NAMES, NAMES, facts | {"rows_train": N})
    model = replay.network(RECIPE, arrays["x_train"], CLASSES, 0)
    model.set_weights(own)
    model.save(files["model"])
    files["convolved"] = str(folder / "convolved.keras")
    convolved().save(files["convolved"])
    keras.backend.clear_session()
    cache_gradients.cache_gradients(
        files["data"], files["model"], "last_layer", batch, "float64", "0", files["gradients"], facts, WEIGHTS
    )
    damping = {"mode": "relative", "value": 0.1}
    cache_hessian.cache_hessian(files, "last_layer", "exact", batch, damping, files["hessian"], facts)
    compute_influence.compute_influence(
        files["gradients"], inverse_files.open_inverse(files, {}), files["data"], "all", 1.0, NAMES,
        files["influence"], facts,
    )  # fmt: skip
    return files


def convolved() -> keras.Model:
    """A network whose convolution goes along the numbers of a point."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((WIDTH,))
    along = keras.layers.Conv1D(3, 2, activation="relu")(keras.layers.Reshape((WIDTH, 1))(inputs))
    return keras.Model(inputs, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(along)))


def with_subsets(files: dict, folder, asked: np.ndarray, order: np.ndarray | None = None) -> dict:
    """The same with margins of networks trained on subsets, which are made up, and attributions of the same targets.

    Args:
        folder: that these are written to. asked: (t,) test points. order: of the training points in the files.
    """
    order, rng, found = np.arange(N) if order is None else order, np.random.default_rng(3), dict(files)
    kept = subsets.random_subsets(N, 0.5, 0, SUBSETS, 1, subsets.SUBSETS)
    truth, noise = rng.normal(size=(M, N)), 0.3 * rng.normal(size=(SUBSETS, M))
    margins, half = (kept @ truth.T + noise)[:, asked], SUBSETS // SHARDS
    found["subsets"] = [folder / f"subsets-{shard}.h5" for shard in range(SHARDS)]
    for shard, path in enumerate(found["subsets"]):
        rows = slice(shard * half, (shard + 1) * half)
        arrays = {"kept": kept[rows][:, order], "retrained": margins[None, rows], "targets": asked}
        hdf5.write(path, arrays, {"seconds": 1.0})
    for name in {need for known in registry.METHODS for need in registry.told(known, "needs") if "/" in need}:
        found[name] = folder / f"{name.replace('/', '-')}.h5"
        pairs = (truth + rng.normal(size=truth.shape))[asked][:, order]
        hdf5.write(found[name], {"targets": asked, "pairs": pairs}, {"seconds": 1.0})
    return found


def opened(name: str, files: dict, recipe: dict = RECIPE, **changed) -> Run:
    """The run as a method finds it: the project's settings, small ones and those changed, by dotted name."""
    files = files | ({"model": files["convolved"]} if name in CONVOLVED else {})
    settings = registry.settings_of(name, CONFIG, recipe["training"])
    return Run(files, settings | SETTINGS | changed, tested=True, recipe=recipe)
