"""A user's arrays as files."""

import h5py
import numpy as np


def good(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.normal(size=(30, 4, 3)).astype(np.float32),
        "y_train": np.arange(30) % 3,
        "x_test": rng.normal(size=(9, 4, 3)).astype(np.float32),
        "y_test": np.arange(9) % 3,
    }


def write(folder, loader, content):
    path = folder / f"data.{loader}"
    if loader == "npz":
        np.savez(path, **content)
    else:
        with h5py.File(path, "w") as file:
            for name, array in content.items():
                file[name] = array
    return path
