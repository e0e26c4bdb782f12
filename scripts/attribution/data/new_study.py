"""Settings of a study of one's own data, written from what the data and the network are.

`python -m attribution.data.new_study NAME DATA [MODEL [LABEL [FACTORS [CATEGORIES]]]]`, with scripts/ on the path,
writes NAME.yaml; what is not given is empty.
"""

import json
import re
import sys
import zipfile
from pathlib import Path

import numpy as np

from attribution.data import arrays, sources, tables
from attribution.data.stored import array_folders
from attribution.files import atomic
from attribution.settings import datasets, draws, result_names

LOADERS = {".npz": "npz", ".h5": "h5", ".hdf5": "h5", ".csv": "table", ".parquet": "table"}
# columns of a table that are taken for the label where none is named
LABELS = ("label", "class", "target", "y")
NAME = re.compile(r"[^\W_][\w.-]*")
ALL_PAIRS = 5000  # training points whose matrix of all pairs is 0.2 GB
SMALLEST_IMAGE = 22  # sides that `cnn` takes: three convolutions with pooling
UNSCALED = 10.0  # largest input, in size, that an mlp takes as it is
UNEVEN = 3  # times as many points as the smallest class, from which on weights of classes are mentioned
MEMBERS = 25
SEEDS = 10  # of each class that section `overlap` draws where there are so many classes, 100 in all
# arrays of a network's last layer, of which one is enough beside its features
LAST_LAYER = ("weights", "logits_train")


def settings(
    name: str, data: str | None, model: str | None = None, label: str | None = None, factors: str | None = None,
    categories: str | None = None,
) -> str:  # fmt: skip
    """The text of a file of settings for a study NAME of the data, in comments what was found.

    Args:
        name: of data set, study and model. data: npz or HDF5 file, see `arrays`, a table, or a folder of images or of
            arrays. model: a trained .keras file, or None for a small network that is trained. label: a table's column
            of labels. factors: npz or HDF5 file with features and last layer of a network, see
            `influence.factors_file`, which is the data too where None is given; data that hold them need not be named
            twice. categories: columns of a table that are texts whatever they hold, with commas between.

    Raises:
        ValueError: one sentence, for a name that cannot be one, or a file that cannot be used.
    """
    _require_name(name)
    if model and factors:
        raise ValueError(f"MODEL is {model} and FACTORS {factors}; give one of them, the network or its last layer")
    data = data or factors
    dataset = _dataset(data, label, categories)
    if not model and not factors and "features_train" in _names(data):
        factors = data
    dataset |= _subgroups(dataset)
    found, names, facts = sources.read(data, datasets.complete(dataset))
    x, y, classes = found["x_train"], found["y_train"], len(names)
    if factors:
        recipe, words = _last_layer(factors)
    else:
        recipe, words = _trained(model, classes) if model else _network(x)
    loader = dataset["loader"]
    per_class = np.bincount(y, minlength=classes)
    # groups grow from a point of each class, or of each subgroup where the data say which
    kind, grown, counts = "class", names, per_class
    if "subgroup_train" in found:
        counts = np.bincount(found["subgroup_train"])
        kind, grown = "subgroup", [dataset["subgroup_names"][number] for number in np.flatnonzero(counts)]
    size = max(2, min(MEMBERS, int(counts[counts > 0].min())))
    # a trained file says nothing of its training, which methods of partitions follow
    compared, trainings, untrained = (
        _compared(name, bool(factors)) if kind == "subgroup" and not model else ([], "", [])
    )
    uneven = []
    if per_class.max() >= UNEVEN * max(1, per_class.min()):
        where = "says of your network that each class counted" if model or factors else "lets each class count"
        uneven = [f"  # there are rare classes; `class_weights: balanced` {where} the same in the loss"]
    more = []
    if per_class.min() < draws.each({"each_class": SEEDS, "most": SEEDS * SEEDS}, classes):
        drawn = {"random": min(SEEDS * SEEDS, len(x) // 2), "seed": 1}
        more = [
            "# groups that are compared with nearest neighbours grow from so many points",
            f"overlap: {{seeds: [{_inline(drawn)}], size: {min(MEMBERS, len(x) // 2)}}}",
        ]
    targets = "" if len(x) <= ALL_PAIRS else f", influence: {{targets: {_value(grown)}}}"
    shape = " x ".join(map(str, x.shape[1:]))
    return "\n".join(
        [
            f"# {len(x)} training and {len(found['x_test'])} test points of {shape} numbers ({x.dtype}); {classes} "
            f"classes of {per_class.min()} to {per_class.max()} training points. Classification only.",
            *(f"# {note}" for note in facts.get("notes", [])),
            f"# make run SETTINGS={name}.yaml ends in results/{name}/report.html; config/README.md has all settings.",
            "studies:",
            f"  # groups of {size} grow from a random training point of each {kind}"
            + ("" if not targets else f"; influence is that on the point nearest the mean of each {kind}"),
            *compared,
            f"  {name}: {{dataset: {name}, model: {name}, groups: {{rule: l-relative, "
            f"seeds: [{{each_{kind}: 1, seed: 0}}], size: {size}}}{targets}{trainings}}}",
            "datasets:",
            "  # class_names in the order of their numbers, from 0"
            + ("" if loader not in datasets.WITHOUT_TEST else "; `test: 0.2`, a share or a file, is the test set"),
            *(["  # `id` names the points, each another one, and is no input"] if "id" in dataset else []),
            f"  {name}: {_inline(dataset | {'class_names': names})}",
            "models:",
            f"  # {words}",
            *uneven,
            f"  {name}: {recipe}",
            *untrained,
            *more,
            "",
        ]
    )


def _dataset(data: str, label: str | None, categories: str | None) -> dict:
    """Settings of a data set of this file or folder, but for the names of its classes."""
    if Path(data).is_dir() and array_folders.is_one(data):
        return {"loader": "npz", "path": data}
    if Path(data).is_dir():
        return {"loader": "images", "path": data}
    loader = LOADERS.get(Path(data).suffix.lower())
    if loader is None:
        raise ValueError(f"{data} ends in none of {', '.join(LOADERS)}, and is no folder; give one of these kinds")
    if loader != "table":
        return {"loader": loader, "path": data}
    columns = tables.columns(data)
    found = [label] if label else [name for name in columns if str(name).casefold() in LABELS]
    if len(found) != 1:
        raise ValueError(f"{data} has columns {', '.join(map(str, columns))}; name the one of labels, LABEL=NAME")
    named = tables.naming(data, str(found[0]))
    chosen = {"id": named} if named else {}
    chosen |= {"categories": [name.strip() for name in categories.split(",")]} if categories else {}
    return {"loader": loader, "path": data, "label": str(found[0])} | chosen


def _subgroups(dataset: dict) -> dict:
    """Names of the subgroups of a file that has them, for settings of its data set; numbers, as it says no more."""
    found = arrays.subgroups(dataset["path"], dataset["loader"]) if dataset["loader"] in arrays.READERS else None
    return {} if found is None else {"subgroup_names": [str(number) for number in range(int(found.max()) + 1)]}


def _compared(name: str, last_layer: bool) -> tuple[list[str], str, list[str]]:
    """Lines on the partition whose parts are compared with known subgroups, what the study says for it, and lines of a
    recipe for its control, which a last layer alone has not."""
    lines = [
        "  # subgroup_names may say more than numbers; how parts of a partition agree with the subgroups:",
        f"  # make run SETTINGS={name}.yaml TARGET=results/{name}/partition.csv",
    ]
    untrained = [
        "  # a control of partitions: the network without training",
        f"  {name}-untrained: {{extends: {name}, training: {{epochs: 0}}, below_chance: warn}}",
    ]
    return lines, f", recipes: [{name}], seeds: [0]", [] if last_layer else untrained


def _inline(settings: dict) -> str:
    """A mapping as YAML in one line; JSON's quotes keep texts texts."""
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in settings.items()) + "}"


def _value(value) -> str:
    return value if value in LOADERS.values() or value == "images" else json.dumps(value, ensure_ascii=False)


def _require_name(name: str) -> None:
    if not NAME.fullmatch(name) or len(name.encode()) > result_names.LONGEST:
        raise ValueError(
            f"NAME is {name!r}; allowed are letters, digits and . _ -, a letter or digit first, at most "
            f"{result_names.LONGEST} bytes"
        )
    if name.casefold() in result_names.TAKEN or name.casefold().endswith(result_names.ENDINGS):
        raise ValueError(f"NAME is '{name}', which results/ uses itself, or ends as a file does; take another name")


def _network(x: np.ndarray) -> tuple[str, str]:
    """Recipe of a network to train, and what it is in words."""
    shape, low, high = x.shape[1:], float(x.min()), float(x.max())
    image = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
    if x.dtype == np.uint8:
        low, high = 0, 255 if high > 127 else high
    rescale = f"rescale: {{from: [{low:g}, {max(high, low + 1):g}], to: [-1, 1]}}"
    if image and min(shape[:2]) >= SMALLEST_IMAGE:
        smooth = "with `activation: elu, training: {epsilon: 0.001}` what a point did is told better"
        words = "convolutions, 10 epochs; `training: {epochs: 30}` changes it"
        return f"{{architecture: cnn, {rescale}}}", f"{words}; {smooth}"
    words = "two hidden layers, 50 epochs; `training: {epochs: 100}` changes it"
    if x.dtype == np.uint8 and image:
        return f"{{architecture: mlp, hidden: [64, 32], {rescale}}}", words
    if np.abs(x).max() > UNSCALED:
        return "{architecture: mlp, hidden: [64, 32], standardise: true}", f"inputs of mean 0 and deviation 1, {words}"
    return "{architecture: mlp, hidden: [64, 32]}", words


def _trained(path: str, classes: int) -> tuple[str, str]:
    """Recipe of a trained network, and its layers in words; its file is read without Keras, and nothing of it is run.

    Raises:
        ValueError: one sentence, where it is no .keras file, or has no Dense layer with as many outputs.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "is no .keras file"
        raise ValueError(f"{path} {reason}; give one that model.save('NAME.keras') has written") from None
    found = config.get("config", {}).get("layers", [])
    dense = [one["config"] for one in found if one.get("class_name") == "Dense"]
    outputs = [one for one in dense if one["units"] == classes or (classes == 2 and one["units"] == 1)]
    if not outputs:
        widths = ", ".join(f"{one['name']} of {one['units']}" for one in dense) or "none"
        raise ValueError(
            f"{path} has no Dense layer with an output for each of the data's {classes} classes; its Dense layers are "
            f"{widths}"
        )
    last = outputs[-1]["name"]
    named = "" if outputs[-1] is dense[-1] else f", last_layer: {last}"
    kinds = [one["class_name"] for one in found if one.get("class_name") != "InputLayer"]
    words = f"a trained network of {len(kinds)} layers, {kinds[0]} to {kinds[-1]}; its logits come from '{last}'"
    return f"{{architecture: keras-file, path: {json.dumps(path, ensure_ascii=False)}{named}}}", words


def _last_layer(path: str) -> tuple[str, str]:
    """Recipe of features and last layer of a network of any library, and what it is in words; values are not read.

    Raises:
        ValueError: one sentence, where the file lacks them.
    """
    if LOADERS.get(Path(path).suffix.lower()) not in arrays.READERS:
        raise ValueError(f"{path} is no .npz or .h5 file; write features and last layer with numpy.savez")
    found = _names(path)
    lacks = [name for name in ("features_train", "features_test") if name not in found]
    lacks += [] if set(LAST_LAYER) & set(found) else [" or ".join(LAST_LAYER)]
    if lacks:
        raise ValueError(
            f"{path} has no array {', '.join(lacks)}; features and last layer of a network are features_train, "
            f"labels_train, features_test, labels_test and weights with bias, or logits_train with logits_test; found "
            f"{', '.join(found) or 'nothing'}"
        )
    words = "features and last layer of a network of any library; what needs the network itself is refused or left out"
    return f"{{architecture: factors, path: {json.dumps(path, ensure_ascii=False)}}}", words


def _names(path: str) -> list[str]:
    """Names of the arrays of an npz or HDF5 file; none where it is neither, which `sources.read` reports."""
    try:
        if Path(path).suffix.lower() == ".npz":
            with zipfile.ZipFile(path) as archive:
                return [name.removesuffix(".npy") for name in archive.namelist()]
        if LOADERS.get(Path(path).suffix.lower()) == "h5":
            import h5py

            with h5py.File(path) as file:
                return list(file)
    except (OSError, zipfile.BadZipFile):
        pass
    return []


def main(arguments: list[str]) -> str:
    """Write NAME.yaml, which must not be there yet; what was done, in a line.

    Raises:
        ValueError: one sentence.
    """
    name, data, model, label, factors, categories = [*arguments, *[""] * 6][:6]
    if not name or not (data or factors):
        raise ValueError(
            "give a name and a file, make new NAME=mine DATA=mine.npz, and perhaps MODEL=mine.keras or FACTORS=mine.npz"
        )
    path = Path(f"{name}.yaml")
    if path.exists():
        raise ValueError(f"{path} is there already, and is not written over; move it, or take another NAME")
    text = settings(name, data or None, model or None, label or None, factors or None, categories or None)
    with atomic.replacing(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")
    return f"{path} is written; look at it, and run make run SETTINGS={path}"


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]))
    except ValueError as error:
        sys.exit(str(error))
