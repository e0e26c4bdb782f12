"""partition.h5: the whole training set divided by every method, and by controls into parts of the same sizes.

One name may stand for the best of the others, chosen by networks that are trained again without each of their parts.
"""

from attribution.runtime import job

job.begin()

import time
from functools import partial
from pathlib import Path

import numpy as np

from attribution.data import seed_points
from attribution.evaluation import part_removals
from attribution.files import hdf5, provenance, resume
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.partition import (
    BY_RETRAINING,
    CANDIDATES,
    CHOSEN,
    LABELS,
    METHODS,
    SCORES,
    SIZED,
    SIZES,
)
from attribution.methods import base
from attribution.methods.run import Run, of_network
from attribution.methods.scores import PAIRS
from attribution.partition import divide, number, sized, source
from attribution.retraining import chosen_partition
from attribution.runtime import memory

# keys of section `partition` that hold lists of points
CONSTRAINTS = ("together", "apart")


def partition_training_set(
    files: dict, methods: dict, settings: dict, recipes: dict, seed: int, digest: str, path: str, attributes: dict
) -> None:
    """Write the partitions, see `results.partition`. Each is kept in a shard, so that a job after a kill goes on.

    Args:
        files: `data`, results of the run, those of its untrained network with `untrained_` before their names, and
            `attributions` in the order of the methods that need them. methods: see `workflow.stages.partitions.asked`.
        settings: section `partition`. recipes: `trained` and `untrained`. seed: of the training.

    BY_RETRAINING has the arrays of the partition that was chosen, see `chosen_partition`.
    """
    y, subgroups = hdf5.read(files["data"], Y_TRAIN, SUBGROUP_TRAIN)
    settings = settings | {key: _indices(files["data"], settings[key], f"partition.{key}") for key in CONSTRAINTS}
    columns = iter([files["attributions"]] if isinstance(files["attributions"], str) else files["attributions"])
    listed, methods = list(methods), {name: methods[name] for name in methods if name != BY_RETRAINING}
    files_of = {name: next(columns) if method["columns"] else None for name, method in methods.items()}
    folder, vectors, kernels, divided = resume.shards(path, digest), {}, {}, {}

    def left(partitions: list[np.ndarray], name: str) -> list[np.ndarray]:
        """What removals of parts do; networks are kept by the name of what asks."""
        work = folder / name
        work.mkdir(exist_ok=True)
        (x,), classes = hdf5.read(files["data"], X_TRAIN), len(hdf5.attributes(files["data"])["class_names"])
        found = chosen_partition.left(partitions, recipes["trained"], x, y, classes, seed, work)
        return [part_removals.own_minus_other(changes) for changes in found]

    def of(name: str):
        """Vectors of a method, for its own partition and for those of the same sizes as others'."""
        if name not in vectors:
            run = of_network(files, methods[name], recipes, seed)
            pairs, before = _pairs(methods[name], run, files_of[name], kernels)
            found = source.of_method(name, base.resolve(methods[name]["text"]), run, pairs, methods[name]["unit"])
            reduced, kept = divide.reduced(found, settings) if methods[name]["components"] else (found, None)
            vectors[name] = reduced, run, kept, before
        return vectors[name]

    arrays, facts = {}, {METHODS: listed}
    # controls first: their partitions are the starts of those with a method's sizes
    order = sorted(methods, key=lambda name: not methods[name]["control"])
    for name in order + [name for name in listed if name == BY_RETRAINING]:
        shard = folder / f"{name}.h5"
        if name == BY_RETRAINING and not shard.exists():
            _choose(shard, methods, of, divided, settings, left)
        elif not shard.exists():
            _write(shard, name, methods, of, divided, settings, y, subgroups, left)
            if not methods[name]["control"]:
                vectors.pop(name, None)
        held, told = _held(shard)
        if name != BY_RETRAINING and methods[name]["control"]:
            divided[name] = held[LABELS]
        arrays |= {f"{name}/{key}": array for key, array in held.items()}
        facts |= {f"{name}/{key}": value for key, value in told.items()}
    hdf5.write(path, arrays, attributes | facts)
    resume.discard(path)


def _held(shard: Path) -> tuple[dict, dict]:
    """Arrays by their paths in it, and attributes."""
    arrays = {}
    with hdf5.file(shard) as file:
        file.visititems(lambda key, item: arrays.update({key: item[()]}) if hasattr(item, "shape") else None)
        return arrays, dict(file.attrs)


def _indices(data: str, lists: list[list], where: str) -> list[list[int]]:
    """Training indices of lists of points, which may be rows and ids of the user's own."""
    own = seed_points.own_of(data, *lists)
    return [seed_points.numbers(points, own, where) for points in lists]


def _write(shard: Path, name: str, methods: dict, of, divided: dict, settings: dict, y, subgroups, left) -> None:
    """One method's partition, and its controls' of the same sizes.

    Args:
        divided: labels of the controls, and of them with sizes where these were wanted before. left: (partitions,
            name) -> own minus other of each.
    """
    held = memory.resident()
    memory.forget_peak()
    begun = time.perf_counter()
    vectors, run, kept, before = of(name)
    arrays, facts = divide.divide(vectors, settings, y, subgroups, run.keys, partial(left, name=name))
    facts |= {"seconds": before + time.perf_counter() - begun, "kept": kept}
    # vectors of controls, and libraries, are there since earlier methods
    facts["peak_memory"] = max(memory.peak() - held, 0)
    facts |= {"family": base.resolve(methods[name]["text"]).family, "control": int(methods[name]["control"])}
    print(f"{name}: {facts['parts']} parts of {arrays[SIZES].tolist()} points, {facts['seconds']:.1f} s", flush=True)
    if not methods[name]["control"]:
        arrays |= _of_sizes(arrays[SIZES], methods, of, divided, settings)
    hdf5.write(shard, arrays, facts)


def _of_sizes(sizes: np.ndarray, methods: dict, of, divided: dict, settings: dict) -> dict:
    """Labels of every control's parts of these sizes, by their places in a shard; `divided` as in `_write`."""
    found = {}
    for control in [name for name in methods if methods[name]["control"]]:
        key = (control, tuple(sizes))
        if key not in divided:
            same = divided[control].max() + 1 == len(sizes)
            divided[key] = sized.partition(
                of(control)[0], sizes, settings["sized_restarts"], settings["iterations"], settings["seed"],
                divided[control] if same else None,
            )  # fmt: skip
        found[f"{SIZED}/{control}"] = divided[key]
    return found


def _choose(shard: Path, methods: dict, of, divided: dict, settings: dict, left) -> None:
    """The best of all partitions in the shards, controls among them, with its arrays; arguments as in `_write`."""
    held = memory.resident()
    memory.forget_peak()
    begun = time.perf_counter()
    partitions = [hdf5.read(shard.with_name(f"{name}.h5"), LABELS)[0] for name in methods]
    scores = np.array([one.mean() for one in left(partitions, BY_RETRAINING)])
    chosen = list(methods)[number.largest(scores)]
    arrays, facts = _held(shard.with_name(f"{chosen}.h5"))
    facts |= {"seconds": time.perf_counter() - begun, "peak_memory": max(memory.peak() - held, 0)}
    facts |= {"family": "retraining", "control": 0, CHOSEN: chosen, CANDIDATES: list(methods)}
    print(f"{BY_RETRAINING}: {chosen}, {facts['seconds']:.1f} s", flush=True)
    hdf5.write(shard, arrays | _of_sizes(arrays[SIZES], methods, of, divided, settings) | {SCORES: scores}, facts)


def _pairs(method: dict, run: Run, attributions: str | None, kernels: dict):
    """What a method says of pairs, where its vectors are from that, and seconds that an earlier name spent on it."""
    if attributions is not None:
        return hdf5.read(attributions, PAIRS)[0], 0.0
    found = base.resolve(method["text"])
    if hasattr(found, "vectors"):
        return None, 0.0
    source.refuse_large_kernel(method["method"], len(run.labels), method["settings"]["influence.matrix_gb"])
    key, begun = (method["text"], method["untrained"]), time.perf_counter()
    if key in kernels:
        return kernels[key]
    kernels[key] = found.pairs(run, np.arange(len(run.labels))), time.perf_counter() - begun
    return kernels[key][0], 0.0


job.run(partition_training_set, digest=resume.of_job, attributes=provenance.attributes)
