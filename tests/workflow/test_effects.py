"""No accepted setting is without effect: changing any leaf of the schema changes what some job reads or is given."""

import copy
import functools
import os
import re
from pathlib import Path

import numpy as np
import pytest
from snakemake.exceptions import InputFunctionException, WorkflowError

import helpers
from attribution.settings import check
from attribution.settings.errors import SettingError
from attribution.workflow import code, contents

SCHEMA = helpers.schema()
RESCALE = {"rescale": {"from": [0, 255], "to": [-1, 1]}}
NETWORK = {
    "optimizer": "adam", "learning_rate": 0.01, "momentum": 0.0, "epochs": 8, "batch_size": 8, "schedule": [],
    "warmup": 0,
}  # fmt: skip
# one data set of each loader and one model of each architecture, with every key that it may have
SETTINGS = {
    "studies": {
        "mine": {
            "dataset": "mine", "model": "mlp-plain", "seed": 0, "scope": "last_layer", "seeds": [0, 1],
            "groups": {
                "rule": "l-relative", "direction": "max", "adaptive": False, "seeds": [1, {"random": 2, "seed": 0}],
                "excluded": [5], "size": 9, "stop": "size", "tie_seed": 0,
            },
            "influence": {"targets": [0, 1]},
            "agreement": {"models": ["mlp-plain", "mlp-l2"], "seeds": [0, 1]},
            "border": {"models": ["mlp-plain", "mlp-l2"], "datasets": ["photos"]}, "stop_conditions": ["photos"],
            "human_labels": "pairs.csv", "removed": [3, "name"],
            "target": "a", "other": "b", "compared": ["mlp-l2", "mlp-plain"], "recipes": ["mlp-l2", "mlp-plain"],
            "retrained": ["mlp-l2", "mlp-dropout"], "attributed": ["mlp-l2", "mlp-plain"],
        },
        # of images, for their figures
        "cells": {"dataset": "cells", "model": "mlp-plain"},
        "pictures": {"dataset": "pictures", "model": "mlp-plain"},
        "photos": {"dataset": "photos", "model": "cnn", "seed": 0, "scope": "last_layer"},
    },
    "targets": {"mine": {"description": "for the test", "builds": [{
        "study": "mine", "files": ["history.csv"], "figures": ["overlap"], "tables": ["agreement.csv"],
        "results": ["overlap.csv"], "last_layer": ["topk.h5"], "all_layers": ["topk.h5"]}]}},
    "datasets": {
        "mine": {
            "loader": "npz", "path": "mine.npz", "class_names": ["a", "b", "c"], "subgroup_names": ["a", "b", "c"],
            "seed": 0, "classes": ["a", "b", "c"], "points": 30, "test_points": 9, "flipped": 0.1, "dense_gb": 4.0,
            "superclasses": {"one": ["a"], "two": ["b", "c"]}, "inject": "pairs.csv",
            "validation_split": 0.1,
        },
        "cells": {
            "loader": "table", "path": "cells.csv", "label": "kind", "id": "name", "test": 0.25, "dense_gb": 4.0,
            "categories": ["a"], "class_names": ["a", "b", "c"], "seed": 0, "classes": ["a", "b", "c"], "points": 30,
            "test_points": 9, "flipped": 0.1, "superclasses": {"one": ["a"], "two": ["b", "c"]}, "inject": "pairs.csv",
            "validation_split": 0.1,
        },
        "pictures": {
            "loader": "images", "path": "pictures", "test": 0.25, "size": [8, 8],
            "class_names": ["a", "b", "c"], "seed": 0, "classes": ["a", "b", "c"], "points": 30, "test_points": 9,
            "flipped": 0.1, "superclasses": {"one": ["a"], "two": ["b", "c"]}, "inject": "pairs.csv",
            "validation_split": 0.1,
        },
        "photos": {
            "loader": "cifar10", "archive": "https://host/a.tar.gz", "digest": "md5:" + "0" * 32, "seed": 0,
            "classes": ["cat", "dog", "ship"], "points": 30, "test_points": 9, "flipped": 0.1,
            "superclasses": {"one": ["cat"], "two": ["dog", "ship"]}, "inject": "pairs.csv",
            "validation_split": 0.1,
        },
    },
    "models": {
        "mlp-plain": {"training": {"schedule": [{"epoch": 2, "factor": 0.5}]}, "below_chance": "warn", **RESCALE},
        "cnn": {"training": {"schedule": {"factor": 0.1, "epochs": 3}}, "below_chance": "warn"},
        "resnet": {"below_chance": "warn"},
        "vgg19": {"below_chance": "warn"},
        "resnet18": {"below_chance": "warn"},
        "file": {
            "architecture": "keras-file", "path": "a.keras", "last_layer": "top", **RESCALE, "below_chance": "warn"
        },
        "own": {
            "architecture": "python-file", "path": "own.py", "last_layer": "top", "below_chance": "warn",
            "training": NETWORK, **RESCALE,
        },
        "given": {"architecture": "factors", "path": "given.npz", "l2": 0.01, "below_chance": "warn"},
    },
    "boundary": {"greedy": {"forms": {"batch": {"from": "class", "count": 0}}}},
    "overlap": {"seeds": [{"each_class": 2, "seed": 1}, {"each_subgroup": 1, "seed": 1}]},
}  # fmt: skip
# which entry stands for all of a section: by the loader or architecture where keys depend on it
ENTRY = {
    "studies": "mine", "targets": "mine", "variants": "minimum",
    "toy": "toy", "cifar10": "photos", "arrays": "mine", "table": "cells", "images": "pictures",
    "mlp": "mlp-plain", "cnn": "cnn", "resnet": "resnet", "vgg19": "vgg19", "resnet18": "resnet18",
    "keras_file": "file", "python_file": "own", "factors": "given",
}  # fmt: skip
# what no rule could tell from the type
VALUES = {
    "studies.*.dataset": "toy", "studies.*.model": "mlp-l2", "studies.*.target": "c", "studies.*.other": "c",
    "targets.*.builds.0.study": "toy", "targets.*.description": "another",
    "datasets.arrays.loader": "h5", "datasets.arrays.path": "other.npz", "datasets.arrays.inject": "other.csv",
    "datasets.arrays.superclasses": {"one": ["a", "b"], "two": ["c"]},
    **{f"datasets.{kind}.superclasses": {"one": ["a", "b"], "two": ["c"]} for kind in ("table", "images")},
    **{f"datasets.{kind}.class_names": ["a", "b", "c", "d"] for kind in ("table", "images")},
    **{f"datasets.{kind}.inject": "other.csv" for kind in ("table", "images")},
    "datasets.table.path": "other.csv", "datasets.images.path": "others", "datasets.table.label": "name",
    "datasets.table.id": "kind", "datasets.table.categories": ["b"], "datasets.images.size": [4, 4],
    "datasets.cifar10.superclasses": {"one": ["cat", "dog"], "two": ["ship"]},
    "datasets.cifar10.archive": "https://host/b.tar.gz", "datasets.cifar10.digest": "md5:" + "1" * 32,
    "datasets.cifar10.inject": "other.csv", "datasets.toy.discs.0.name": "first", "datasets.toy.discs.0.class": "blue",
    "datasets.arrays.class_names": ["a", "b", "c", "d"], "datasets.arrays.subgroup_names": ["a", "b"],
    "figures.style": "config/tiny.yaml", "boundary.points.points": 10, "groups.seeds": ["left"],
    "groups.variants.*.rule": "influence", "groups.variants.*.direction": "max", "groups.variants.*.stop": "peak",
    "groups.variants.*.seeds": [1],
    "groups.variants.*.tie_seed": 1, "groups.variants.*.size": 3, "groups.variants.*.adaptive": True,
    "studies.*.seeds": [0, 2], "datamodels.shown_alpha": 0.25, "retraining.shown_l2": 1e-3,
    "datamodels.alphas": [0.5], "retraining.convex_l2": [1e-4], "studies.*.scope": "all_layers",
    **{f"models.{kind}.architecture": "resnet" if kind == "cnn" else "cnn" for kind in (
        "mlp", "cnn", "resnet", "vgg19", "resnet18", "keras_file", "python_file", "factors")},
    **{f"models.{kind}.class_weights": {"two": 3.0} for kind in (
        "mlp", "cnn", "resnet", "vgg19", "resnet18", "keras_file", "python_file", "factors")},
    "models.keras_file.path": "other.csv", "models.python_file.path": "other.csv", "models.factors.path": "other.csv",
    "models.keras_file.last_layer": "logits", "models.python_file.last_layer": "logits",
    **{f"models.{kind}.training.epsilon": 1e-3 for kind in (
        "mlp", "cnn", "resnet", "vgg19", "resnet18", "python_file")},
    "truth.small.kinds": ["averaged"], "models.cnn.activation": "gelu", "models.cnn.pooling": "mean",
    "groups.rule": "objective", "studies.*.groups.rule": "objective", "studies.*.extends": "toy",
    "studies.*.human_labels": "other.csv", "studies.*.removed": "other.csv",
    "inspection.baseline": "loss", "retrieval.baseline": "pixel-euclidean", "methods.leave_one_out": ["newton"],
    "answers.explanations.classes": ["one"], "answers.suspicious.classes": ["one"], "answers.explanations.rows": [3],
    "trak.projection": 512, "partition.parts": 5, "partition.together": [[0, 1]], "partition.apart": [[0, 1]],
    "datasets.toy.discs.0.width": 0.5, "datasets.toy.discs.0.angles": [0, 90], "tracking.wandb.project": "another",
}  # fmt: skip
# lists and tables that change as a whole, by the end of a leaf's name: keys from there up that are left out, the value
WHOLE = {
    "seeds.0.random": (2, [{"random": 4, "seed": 0}]),
    "seeds.0.each_class": (2, [{"each_class": 4, "seed": 0}]),
    "seeds.0.each_subgroup": (2, [{"each_subgroup": 4, "seed": 0}]),
    "seeds.0.most": (2, [{"each_class": 4, "most": 2, "seed": 0}]),
    "seeds.0.seed": (2, [{"random": 4, "seed": 5}]),
    **{f"{key}.0.row": (2, [{"row": 4}]) for key in ("seeds", "targets", "excluded")},
    **{f"{key}.0.id": (2, [{"id": "name"}]) for key in ("seeds", "targets", "excluded")},
    "schedule.0.epoch": (2, [{"epoch": 3, "factor": 0.5}]),
    "schedule.0.factor": (2, [{"epoch": 2, "factor": 0.7}]),
    "schedule.factor": (1, {"factor": 0.7, "epochs": 3}),
    "schedule.epochs": (1, {"factor": 0.1, "epochs": 5}),
}
# what may change no job, and why
WITHOUT = {
    "targets.*.builds.0.own": "your studies are put in its place before rules read it, see test_studies",
    "studies.*.extends": "what it stands for is put in its place before rules read it, see test_extends",
}
BASE = {
    "dataset": ("toy", "mine", "photos", "cifar10", "cells", "pictures"), "seed": ("0",), "scope": ("", "/all_layers"),
    "model": ("mlp-plain", "cnn", "resnet", "vgg19", "resnet18", "file", "own", "given"),
    "study": ("mine", "toy", "photos"),
    "variant": ("", "-minimum", "-adaptive"), "repetition": ("1",), "alpha": ("0.5",), "shard": ("0", "held-out"),
    "truth": ("fixed", "averaged"), "sets": ("alpha0.5", "fit-alpha0.5", "leave-one-out", "groups"), "models": ("2",),
    "subsets": ("200",), "extent": ("small", "full"), "form": ("exact", "mean", "batch", "universal", "simple"),
    "layers": ("", "-all-layers"), "recipe": ("", "-mlp-plain"), "judge": ("cost",), "of": ("", "-mine"),
    "table": (
        "points", "overlap", "boundary_overlap", "retrieval", "recovery", "lds", "leave-one-out", "group-removals",
        "brittleness",
        "attribution-stability", "embeddings",
    ),
    "method": (
        "l-relative", "loss", "embedding-neighbours", "boundary", "random-class", "random", "newton", "trak", "tracin",
        "trak-subsets", "gauss-newton", "source", "newton-all-layers", "metagradient-smooth", "metagradient-subsets",
        "datamodel-ridge", "convolution-cosine-same-class",
        *(f"boundary-{form}" for form in ("exact", "mean", "batch", "universal", "simple")),
    ), "ending": ("csv", "parquet"), "folder": ("md5-" + "0" * 32,), "file": ("a.tar.gz",),
}  # fmt: skip


# mappings by names of classes, which are one leaf
WHOLE_NAMES = [("superclasses",), ("class_weights",)]


def resolved(node: dict) -> dict:
    while "$ref" in node:
        found = SCHEMA
        for key in node["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        node = found
    return node


def leaves(node: dict, path: tuple = ()) -> dict[tuple, dict]:
    """Every setting that has no settings below it, by its keys: `*` for a name, the kind for one of several."""
    node, found = resolved(node), {}
    for branch in node.get("allOf", []):
        kind = branch["then"]["$ref"].rpartition("/")[2]
        found |= leaves(branch["then"], (*path[:-1], kind))
    parts = node if "if" not in node else resolved(node["then"])
    parts = [part for part in (node, parts, resolved(node.get("else", {})))]
    inner = {}
    for part in parts:
        if not node.get("allOf"):
            inner |= {(*path, key): value for key, value in part.get("properties", {}).items() if value is not False}
        items = resolved(part.get("items", {}))
        if items.get("properties"):
            found |= {(*path, "0", *keys): value for keys, value in leaves(items).items()}
        if isinstance(part.get("additionalProperties"), dict) and path[-1:] not in WHOLE_NAMES:
            inner[(*path, "*")] = part["additionalProperties"]
    if path[-1:] in WHOLE_NAMES:
        inner = {}
    for keys, value in inner.items():
        found |= leaves(value, keys)
    # a constant has no other value
    return found or ({} if "const" in node and "if" not in node else {path: node})


LEAVES = leaves(SCHEMA)


def place(keys: tuple) -> list:
    """Keys of a leaf in SETTINGS: names for `*` and kinds, a position for that of a list."""
    found = []
    for index, key in enumerate(keys):
        section = keys[index - 1] if index else ""
        if key == "*":
            # figure 6 is of toy data
            found.append("toy" if keys[-1] == "compared" else ENTRY[section])
        elif index == 1 and section in ("datasets", "models"):
            found.append(ENTRY[key])
        else:
            found.append(int(key) if key == "0" else key)
    return found


def another(name: str, node: dict, value):
    """Another value that the schema takes."""
    if name in VALUES:
        return VALUES[name]
    if "enum" in node:
        return next(choice for choice in node["enum"] if choice not in (value, False))
    if isinstance(value, bool) or node.get("type") == "boolean":
        return not value
    if isinstance(value, list):
        return value[:-1] if len(value) > node.get("minItems", 0) else value[::-1]
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value / 2 if value else 0.25
    raise AssertionError(f"give {name} a value in VALUES")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working directory with the files that the settings name."""
    folder = tmp_path_factory.mktemp("effects")
    x, y, ids = np.zeros((60, 2), dtype=np.float32), np.arange(60) % 3, np.array(["name", *map(str, range(1, 60))])
    for name in ("mine.npz", "other.npz"):
        np.savez(folder / name, x_train=x, y_train=y, x_test=x, y_test=y, id_train=ids, id_test=ids)
    for name in ("pairs.csv", "other.csv", "a.keras", "own.py", "cells.csv", "given.npz"):
        (folder / name).write_text("")
    for name in ("pictures", "others"):
        (folder / name).mkdir()
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


def jobs(workflow) -> list[tuple[str, dict]]:
    """Every rule with every choice of its wildcards from BASE that it takes."""
    found = []
    for rule in workflow.rules:
        choices = [{}]
        for name in sorted(rule.wildcard_names):
            allowed = re.compile(rule.wildcard_constraints.get(name, ".*"))
            values = [value for value in BASE[name] if allowed.fullmatch(value)]
            choices = [choice | {name: value} for choice in choices for value in values]
        found += [(rule.name, choice) for choice in choices if "model" not in choice or fits(choice)]
    return found


def fits(choice: dict) -> bool:
    """All models on one data set, and one model on each: more would show the same. So would methods on several."""
    # only prepared, as all else is that of "mine"
    if choice["dataset"] in ("cells", "pictures"):
        return False
    if "method" in choice and (choice["dataset"], choice["model"]) != ("mine", "cnn"):
        return False
    return choice["dataset"] == "mine" or choice["model"] == {"toy": "mlp-plain"}.get(choice["dataset"], "cnn")


def job(workflow, name: str, choice: dict) -> str:
    """What a job reads and is given, but for digests; the kind of error where it cannot be."""
    rule, wildcards = workflow.get_rule(name), helpers.wildcards(**choice)
    try:
        files = rule.expand_input(choice)[0]
        given = {key: of(wildcards) if callable(of) else of for key, of in rule.params.items()}
        return repr((sorted(map(str, files)), given))
    except (WorkflowError, InputFunctionException, SettingError, LookupError, ValueError) as error:
        return type(error).__name__


@pytest.fixture(scope="module")
def workflow(folder):
    """The workflow and its jobs, each with what it reads and is given."""
    with pytest.MonkeyPatch.context() as patch:
        # neither the code's files nor their digests say anything about settings
        patch.setattr(contents, "enter", lambda workflow, config, base: None)
        patch.setattr(code, "modules", lambda scripts, script: [])
        found = helpers.parsed(SETTINGS)
        yield found, [(*one, job(found, *one)) for one in jobs(found)]


@pytest.fixture
def config(workflow):
    """The configuration that the rules read, and put back afterwards."""
    config = workflow[0].globals["config"]
    kept = copy.deepcopy(config)
    yield config
    config.clear()
    config.update(kept)


def change(config: dict, keys: tuple) -> None:
    """Give a leaf another value."""
    name, where = ".".join(keys), place(keys)
    drop, value = next((whole for end, whole in WHOLE.items() if name.endswith(end)), (0, None))
    *where, last = where[: len(where) - drop]
    below = functools.reduce(lambda found, key: found[key], where, config)
    old = below[last] if isinstance(below, list) else below.get(last)
    below[last] = value if drop else another(name, LEAVES[keys], old)
    assert below[last] != old, keys


def test_the_jobs_of_the_test_are_jobs(workflow):
    """Each rule is there with a job that can be, so that a change has where to show."""
    found, chosen = workflow
    assert {name for name, _, read in chosen if read.startswith("(")} == {rule.name for rule in found.rules}


@pytest.mark.slow
@pytest.mark.parametrize("keys", LEAVES, ids=".".join)
def test_a_setting_changes_what_a_job_reads_or_is_given(workflow, config, keys):
    found, chosen = workflow
    change(config, keys)
    place = next((i for i, (name, choice, read) in enumerate(chosen) if job(found, name, choice) != read), None)
    differs = place is not None
    if differs:
        # the next leaf most likely changes the same job
        chosen.insert(0, chosen.pop(place))
    if ".".join(keys) in WITHOUT:
        assert not differs
        return
    if not differs:
        # then it is refused at the start, with the key named
        with pytest.raises(SettingError, match=re.escape(keys[-1])):
            check.check(config, SCHEMA)


def test_names_that_are_only_shown_are_part_of_no_computation(workflow, config):
    """Classes, superclasses and subgroups called something else, in the data set and wherever settings name them."""
    found, chosen = workflow
    config["studies"]["mine"]["groups"]["seeds"], config["overlap"]["seeds"] = ["a", [1, "b"]], ["a", 1]
    config["studies"]["mine"]["influence"]["targets"] = [0, "a"]
    config["answers"]["explanations"]["classes"] = ["one"]
    config["models"]["mlp-plain"]["class_weights"] = {"one": 2.0}
    before = [job(found, name, choice) for name, choice, _ in chosen]
    own = config["datasets"]["mine"]
    own |= {"class_names": ["x", "y", "c"], "classes": ["x", "y", "c"], "subgroup_names": ["u", "v", "c"]}
    own["superclasses"] = {"first": ["x"], "two": ["y", "c"]}
    config["studies"]["mine"] |= {"target": "u", "other": "v"}
    config["studies"]["mine"]["groups"]["seeds"], config["overlap"]["seeds"] = ["u", [1, "v"]], ["u", 1]
    config["studies"]["mine"]["influence"]["targets"] = [0, "u"]
    config["answers"]["explanations"]["classes"] = ["first"]
    config["models"]["mlp-plain"]["class_weights"] = {"first": 2.0}
    check.check(config, SCHEMA, ["mine"])
    changed = {
        name for (name, choice, _), read in zip(chosen, before, strict=True)
        if found.get_rule(name).script and choice.get("dataset", "mine") == "mine" and job(found, name, choice) != read
    }  # fmt: skip
    # labels of people go by the names that the settings give classes, and the recipe is shown in the settings' words
    shown = {"name_classes", "judge_labels", "gather_labels", "summarise_study", "track_study"}
    assert "name_classes" in changed and {name for name in changed if not name.startswith("plot_")} <= shown
