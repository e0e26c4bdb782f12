"""What a .keras file holds, read without Keras: its layers and how many parameters were trained."""

import json
import re
import zipfile
from collections import Counter

import h5py

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
# what a layer of these kinds keeps beside what is trained: all of it, or the last two arrays, mean and variance
NOT_TRAINED, MOVING = "normalization", "batch_normalization"


def layers(path: str) -> dict[str, int]:
    """Kinds of layers and how many there are of each, in the order in which the network first has them."""
    with zipfile.ZipFile(path) as file:
        return dict(Counter(_kinds(json.loads(file.read(CONFIG)))))


def parameters(path: str) -> int:
    """Numbers that training moves: kernels, biases and scales, without the optimiser's state, moving means and
    variances, the means and deviations of a normalisation that was fitted before, and seeds of random layers."""
    total = 0
    with zipfile.ZipFile(path) as archive, archive.open(WEIGHTS) as inside, h5py.File(inside) as file:

        def add(name, item):
            nonlocal total
            if isinstance(item, h5py.Dataset) and _trained(name.split("/"), item.parent):
                total += item.size

        file.visititems(add)
    return total


def _kinds(config: dict):
    """Classes of a network's layers, those of networks in it in their place."""
    for layer in config["config"].get("layers", []):
        inner = list(_kinds(layer)) if isinstance(layer.get("config"), dict) else []
        yield from inner or [layer["class_name"]]


def _trained(path: list[str], folder: h5py.Group) -> bool:
    # .../LAYER/vars/NUMBER
    *above, _, number = path
    if path[0] == "optimizer" or any(name.startswith("seed_generator") for name in above):
        return False
    kind = re.sub(r"_\d+$", "", above[-1]) if above else ""
    if kind == MOVING:
        return int(number) < len(folder) - 2
    return kind != NOT_TRAINED
