"""Write data whose labels hide known subgroups: python scripts/examples/write_hidden_classes.py SOURCE FILE.npz

SOURCE is `digits` (scikit-learn's, labelled even or odd), `coarse-fine` (synthetic: 20 classes of 5 subgroups each), or
a file that write_fashion_mnist.py wrote (labelled clothes or accessories).
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# T-shirt, trouser, pullover, dress, coat and shirt against sandal, sneaker, bag and ankle boot
ACCESSORIES = [5, 7, 8, 9]


def digits() -> dict[str, np.ndarray]:
    """1347 training and 450 test images, (8, 8) in [0, 1]; subgroups are the ten digits, labels say odd."""
    found = load_digits()
    images = (found.images / 16).astype(np.float32)
    x_train, x_test, train, test = train_test_split(images, found.target, stratify=found.target, random_state=0)
    return labelled(x_train, train, train % 2, x_test, test, test % 2)


def coarse_fine(
    coarse: int = 20, fine: int = 5, train: int = 20, test: int = 10, dimensions: int = 16, noise: float = 0.35,
    seed: int = 0,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Normal clouds around centres drawn on the unit sphere, dealt to classes without regard to where they lie.

    Args:
        coarse, fine: classes, and subgroups of each. train, test: points of each subgroup. noise: length of a
            point's expected distance from its centre, in units of the centres' length.
    """
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((coarse * fine, dimensions))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    arrays = []
    for points in (train, test):
        subgroup = rng.permutation(np.repeat(np.arange(coarse * fine), points))
        spread = noise / np.sqrt(dimensions) * rng.standard_normal((len(subgroup), dimensions))
        arrays += [(centres[subgroup] + spread).astype(np.float32), subgroup, subgroup // fine]
    return labelled(*arrays)


def fashion(path: str) -> dict[str, np.ndarray]:
    """The arrays of a file of Fashion-MNIST with its ten classes as subgroups."""
    with np.load(path) as file:
        own = dict(file)
    return labelled(
        own["x_train"], own["y_train"], np.isin(own["y_train"], ACCESSORIES).astype(int),
        own["x_test"], own["y_test"], np.isin(own["y_test"], ACCESSORIES).astype(int),
    )  # fmt: skip


def labelled(x_train, subgroup_train, y_train, x_test, subgroup_test, y_test) -> dict[str, np.ndarray]:
    """By the names of one's own data."""
    return {
        "x_train": x_train, "y_train": y_train, "subgroup_train": subgroup_train,
        "x_test": x_test, "y_test": y_test, "subgroup_test": subgroup_test,
    }  # fmt: skip


def write_hidden_classes(source: str, path: str) -> None:
    """Write the arrays of a source."""
    arrays = {"digits": digits, "coarse-fine": coarse_fine}.get(source, lambda: fashion(source))()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


if __name__ == "__main__":
    write_hidden_classes(*sys.argv[1:])
