"""Weights boundary of training points: how far the parameters must move to change a prediction; resumable."""

from attribution.runtime import job, log

job.begin()

import numpy as np

from attribution.boundary import points as boundary
from attribution.files import hdf5, provenance, resume
from attribution.files.results.boundary import INDEX, SCORE, SOLVED, STEPS, TARGET
from attribution.files.results.data import X_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, PARAMETERS

# Points of a file that a kill leaves finished, and points whose moved weights exist at a time.
SHARD = 128
ROWS = 1024


def compute_boundary(files: dict, scope: str, settings: dict, digest: str, path: str, attributes: dict) -> None:
    """Write boundary.h5: `index` (n,) training points, and of each `score`, `solved`, `steps`, `target`.

    In scope `last_layer` all training points, in closed form. In `all_layers` so many as the settings say, drawn with
    their seed, by DeepFool; each finished shard is a file in a hidden folder beside `path`, which a repeated call
    after a kill does not compute again.

    Args:
        files: paths of `gradients`, or in scope all_layers of `data` and `model`.
        settings: `norm`, `points`, `seed`, `slots`, `precision`, `max_steps`; the last layer takes the norm only.
        digest: changes with whatever the result depends on, see `resume.digest`.
    """
    if scope == "last_layer":
        index, found = of_last_layer(files["gradients"], settings["norm"])
    else:
        index, found = of_all_layers(files["data"], files["model"], settings, resume.shards(path, digest))
    print(f"{found.solved.sum()} of {len(index)} points solved, {found.steps.mean():.2f} steps a point")
    arrays = {
        INDEX: index, SCORE: found.score, SOLVED: found.solved, STEPS: found.steps,
        TARGET: found.target,
    }  # fmt: skip
    hdf5.write(path, arrays, attributes | {"scope": scope, "norm": settings["norm"]})
    resume.discard(path)


def of_last_layer(gradients: str, norm: str) -> tuple[np.ndarray, boundary.Points]:
    """All training points and their scores, in one pass over the features."""
    with hdf5.opened(gradients, FEATURES_TRAIN, PARAMETERS) as (features, parameters):
        weights, parts = parameters[()].reshape(features.shape[1], -1), []
        for start in log.progress(range(0, len(features), ROWS), "boundary scores, last layer"):
            block = features[start : start + ROWS].astype(np.float64)
            parts.append(boundary.closed_form(block, weights, norm))
        return np.arange(len(features)), boundary.Points(*map(np.concatenate, zip(*parts, strict=True)))


def of_all_layers(data: str, model: str, settings: dict, shards) -> tuple[np.ndarray, boundary.Points]:
    """The drawn training points in their order in the file and their scores; `shards` is the folder of what is done."""
    import keras

    from attribution.boundary import cost as boundary_cost
    from attribution.boundary import points_all_layers as boundary_layers
    from attribution.costs import networks as network_cost
    from attribution.costs import stages as cost
    from attribution.networks import copy_derivatives

    with hdf5.opened(data, X_TRAIN) as (x,):
        n = len(x)
        count = n if settings["points"] == "all" else min(n, settings["points"])
        index = np.sort(np.random.default_rng(settings["seed"]).choice(n, count, replace=False))
        network = keras.models.load_model(model, compile=False)
        precision, slots = settings["precision"], min(settings["slots"], count)
        boundary_layers.check(settings["norm"], precision, {"slots": slots, "max_steps": settings["max_steps"]})
        cost.require(
            "boundary scores",
            boundary_cost.of_points(network, count, slots, precision),
            "lower boundary.points.slots",
            network_cost.speed(),
        )
        copied, files = None, []
        for start in range(0, count, SHARD):
            files.append(shards / f"{start}.h5")
            if files[-1].exists():
                continue
            # made here, so that a run that only gathers compiles nothing
            copied = copied or copy_derivatives.network(network, slots, settings["norm"], precision)
            part = index[start : start + SHARD]
            label = f"boundary scores, {start} to {start + len(part)} of {count}"
            found = boundary_layers.walk(copied, x[part], settings["max_steps"], dtype=precision, label=label)
            hdf5.write(files[-1], found._asdict(), {})
    parts = [hdf5.read(file, *boundary.Points._fields) for file in files]
    return index, boundary.Points(*map(np.concatenate, zip(*parts, strict=True)))


job.run(
    compute_boundary,
    scope="params.scope",
    settings="params.boundary",
    digest=resume.of_job,
    attributes=provenance.attributes,
)
