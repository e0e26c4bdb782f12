"""group_boundary.csv: boundary scores of random groups and of clusters of one class, by every form."""

from attribution.runtime import job, log

job.begin()

import time

import numpy as np
import pandas as pd

from attribution.boundary import groups as boundary_groups
from attribution.boundary import score as boundary_scope
from attribution.files import atomic, hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.groups import greedy
from attribution.numerics import similarity

KINDS = ("random", "clustered")


def measure_group_boundary(files: dict, scope: str, boundary: dict, training: dict, path: str) -> None:
    """Write a row a group and form: what Groups holds, and `seconds` a group.

    Random groups are drawn from a class; clustered ones are a random point of it and its nearest neighbours within the
    class by cosine in the embedding. Both kinds of a class, size and draw start from the same point.

    Args:
        files: paths of `data` and `gradients` of the last layer, and for all layers `model`.
        scope: `last_layer`, with the forms of the settings, or `all_layers`, with the iterative ones among them.
        boundary: sections `groups` and `points` of the settings. training: of the model, whose optimiser at its last
            learning rate form `simple` uses.

    Raises:
        ValueError: when a class has fewer points than a group is to have.
    """
    settings = boundary["groups"]
    x, y = hdf5.read(files["data"], X_TRAIN, Y_TRAIN)
    keys = greedy.tie_keys(x, y, settings["seed"])
    del x
    features, weights = boundary_scope.last_layer(files["gradients"])
    facts, groups = draw(features, y, keys, settings)
    members = boundary_groups.padded(groups)
    score = boundary_scope.scorer(files, scope, features, weights, boundary, training)
    forms = [form for form in settings["forms"] if scope == "last_layer" or form in boundary_scope.ITERATIVE]
    tables = []
    for form in log.progress(forms, f"boundary scores of {len(groups)} groups"):
        begun = time.perf_counter()
        found = score(members, form)
        seconds = (time.perf_counter() - begun) / len(groups)
        columns = {name: getattr(found, name) for name in ("score", "bound", "solved", "steps", "share", "norm")}
        tables.append(facts.assign(form=form, **columns, seconds=seconds))
        print(f"{form}: {found.solved.mean():.1%} solved, {seconds:.2e} s a group", flush=True)
        if np.isfinite(found.bound).any():
            gap = 1 - found.bound / found.norm
            print(
                f"proven to 1 % {(gap < 0.01).mean():.1%}, to 5 % {(gap < 0.05).mean():.1%} of the groups", flush=True
            )
    table = pd.concat(tables)
    classes = hdf5.attributes(files["data"])["class_names"]
    table["class"] = [classes[number] for number in table["class"]]
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


def draw(
    features: np.ndarray, y: np.ndarray, keys: np.ndarray, settings: dict
) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """Facts (kind, class, size, draw) and members of every group."""
    rows, groups = [], []
    for label in np.unique(y):
        pool = np.flatnonzero(y == label)
        if len(pool) < max(settings["sizes"]):
            raise ValueError(
                f"boundary.groups.sizes holds {max(settings['sizes'])}, but class {label} has {len(pool)} points; "
                f"allowed is at most {len(pool)}"
            )
        for size in settings["sizes"]:
            for number in range(settings["draws"]):
                rng = np.random.default_rng((settings["seed"], int(label), size, number))
                drawn = rng.choice(len(pool), size, replace=False)
                cluster = similarity.nearest(features[pool, :-1], drawn[0], size, "cosine", keys[pool])
                for kind, chosen in zip(KINDS, (drawn, cluster), strict=True):
                    rows.append([kind, label, size, number])
                    groups.append(pool[chosen])
    return pd.DataFrame(rows, columns=["kind", "class", "size", "draw"]), groups


job.run(measure_group_boundary, scope="params.scope")
