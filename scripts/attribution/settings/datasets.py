"""Settings of data sets: defaults, names of classes and subgroups, numbers of points. Nothing is read but settings."""

from urllib.parse import urlsplit

from attribution.settings.errors import SettingError, one_of

CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
CIFAR10_TRAIN, CIFAR10_TEST = 5000, 1000  # images of a class

# loaders of one source, from which a share is drawn as test set where none is given
WITHOUT_TEST = ("table", "images")
TEST_SHARE = 0.2
# loaders whose inputs may grow when they are made numbers in arrays, and the gigabytes that these may take
MADE_DENSE = ("npz", "h5", "table")
DENSE_GB = 4.0

# What a data set that names only its source takes; see `variants.make`.
DEFAULTS = {
    "seed": 0,
    "classes": "all",
    "points": "all",
    "test_points": "all",
    "validation_split": 0.0,
    "flipped": 0.0,
    "superclasses": {},
    "inject": "",
}


def complete(dataset: dict) -> dict:
    """A data set's settings with the defaults of what is not given."""
    if dataset["loader"] == "toy":
        return {"flipped": DEFAULTS["flipped"]} | dataset
    drawn = {"test": TEST_SHARE} if dataset["loader"] in WITHOUT_TEST else {}
    drawn |= {"dense_gb": DENSE_GB} if dataset["loader"] in MADE_DENSE else {}
    return DEFAULTS | drawn | {"class_names": class_names(dataset), "subgroup_names": []} | dataset


def numbered(dataset: dict, texts: bool) -> dict:
    """The same with every name that is only shown replaced by its number, as a text: what data.h5 is made from.

    So classes and subgroups may be called something else, and nothing is computed again. Names by which the source
    itself calls its classes stay: those of CIFAR-10, and of data whose labels are texts.

    Args:
        texts: whether labels of the source are texts, see `data_sizes.has_text_labels`.
    """
    chosen = complete(dataset)
    if dataset["loader"] == "toy":
        number = _numbers(chosen["class_names"])
        discs = [disc | {"name": str(i), "class": number[disc["class"]]} for i, disc in enumerate(chosen["discs"])]
        return chosen | {"class_names": list(number.values()), "discs": discs}
    number = _numbers(chosen["class_names"])
    if texts or dataset["loader"] == "cifar10":
        number = {name: name for name in number}
    members = [[number.get(name, name) for name in names] for names in chosen["superclasses"].values()]
    found = {
        "class_names": list(number.values()), "subgroup_names": list(_numbers(chosen["subgroup_names"]).values()),
        "superclasses": {str(i): names for i, names in enumerate(members)},
    }  # fmt: skip
    if chosen["classes"] != "all":
        found["classes"] = [number.get(name, name) for name in chosen["classes"]]
    return chosen | found


def _numbers(names: list[str]) -> dict[str, str]:
    return {name: str(number) for number, name in enumerate(names)}


def downloaded(dataset: dict) -> str | None:
    """Where the archive of a cifar10 data set is kept once it is downloaded; None for a path on disk.

    The digest is in the folder's name, so that data sets share an archive and never take another's.
    """
    address = dataset["archive"]
    if not address.startswith(("http://", "https://")):
        return None
    kind, _, digest = dataset["digest"].partition(":")
    return f"results/downloads/{kind}-{digest}/{urlsplit(address).path.rpartition('/')[2] or 'archive'}"


def class_names(dataset: dict) -> list[str]:
    """Classes of the source, by label, before `classes` and `superclasses`; empty where only the file knows them."""
    return CIFAR10_CLASSES if dataset["loader"] == "cifar10" else list(dataset.get("class_names", []))


def labels(dataset: dict) -> list[str]:
    """Names of the labels of data.h5, in the order of their numbers; empty where only the file knows them."""
    if dataset["loader"] == "toy":
        return list(dataset["class_names"])
    chosen = complete(dataset)
    if chosen["superclasses"]:
        return list(chosen["superclasses"])
    return list(chosen["class_names"] if chosen["classes"] == "all" else chosen["classes"])


def subgroups(dataset: dict) -> list[str]:
    """Names of a data set's subgroups, in the order of their numbers.

    The discs of a toy set, else `subgroup_names`, else the classes before they are merged into superclasses. Empty
    where only the file knows: subgroups then go by their numbers.
    """
    if dataset["loader"] == "toy":
        return [disc["name"] for disc in dataset["discs"]]
    chosen = complete(dataset)
    if chosen["subgroup_names"]:
        return list(chosen["subgroup_names"])
    return list(chosen["class_names"] if chosen["classes"] == "all" else chosen["classes"])


def check(name: str, dataset: dict) -> None:
    """Check what refers from one of a data set's settings to another; types and ranges are the schema's.

    Raises:
        SettingError: one sentence.
    """
    where = f"datasets.{name}"
    if dataset["loader"] == "toy":
        for index, disc in enumerate(dataset["discs"]):
            one_of(f"{where}.discs[{index}].class", disc["class"], dataset["class_names"])
            _ring(f"{where}.discs[{index}]", disc)
        return
    chosen = complete(dataset)
    known = chosen["class_names"]
    if chosen["classes"] != "all":
        if not known:
            raise SettingError(f"{where}.classes names classes; give {where}.class_names too")
        for value in chosen["classes"]:
            one_of(f"{where}.classes", value, known)
        known = chosen["classes"]
    _superclasses(where, chosen["superclasses"], known)
    if dataset["loader"] == "cifar10":
        for key, each in (("points", CIFAR10_TRAIN), ("test_points", CIFAR10_TEST)):
            most = each * len(known)
            if chosen[key] != "all" and not len(known) <= chosen[key] <= most:
                raise SettingError(
                    f"{where}.{key} is {chosen[key]}; allowed is {len(known)} to {most}, "
                    f"as {len(known)} classes of {each} images are taken, or all"
                )


def _ring(where: str, disc: dict) -> None:
    """A ring's width is at most its radius, and what is of a ring is not said of a disc."""
    for key in ("width", "angles"):
        if key in disc and disc.get("shape", "disc") != "ring":
            raise SettingError(f"{where}.{key} is given, but the shape is a disc; set shape: ring, or leave it out")
    if disc.get("width", 0) > disc["radius"]:
        raise SettingError(
            f"{where}.width is {disc['width']}, more than the radius {disc['radius']}; take a smaller one"
        )


def _superclasses(where: str, superclasses: dict, classes: list[str]) -> None:
    """Each class taken belongs to exactly one superclass."""
    if not superclasses:
        return
    if not classes:
        raise SettingError(f"{where}.superclasses names classes; give {where}.class_names too")
    if len(superclasses) < 2:
        raise SettingError(f"{where}.superclasses has only '{next(iter(superclasses))}'; two or more are needed")
    owner = {}
    for superclass, members in superclasses.items():
        for member in members:
            one_of(f"{where}.superclasses.{superclass}", member, classes)
            if member in owner:
                raise SettingError(f"{where}.superclasses has '{member}' in {owner[member]} and in {superclass}")
            owner[member] = superclass
    missing = [name for name in classes if name not in owner]
    if missing:
        raise SettingError(
            f"{where}.superclasses leaves out {', '.join(missing)}; add them or leave them out of {where}.classes"
        )
