"""Write Fashion-MNIST as one's own data: python scripts/examples/write_fashion_mnist.py FOLDER FILE.npz"""

import gzip
import sys
from pathlib import Path

import numpy as np


def read_idx(path: Path) -> np.ndarray:
    """An IDX file of unsigned bytes: two zeros, type 8, the number of axes, each length as big-endian int32, bytes."""
    content = gzip.decompress(path.read_bytes())
    if content[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is no IDX file of unsigned bytes")
    axes = content[3]
    shape = np.frombuffer(content, ">i4", axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def write_fashion_mnist(folder: str, path: str) -> None:
    """60 000 training and 10 000 test images, (28, 28, 1) uint8, from the four .gz files in a folder."""
    arrays = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        arrays[f"x_{part}"] = read_idx(Path(folder, f"{prefix}-images-idx3-ubyte.gz"))[..., None]
        arrays[f"y_{part}"] = read_idx(Path(folder, f"{prefix}-labels-idx1-ubyte.gz"))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


if __name__ == "__main__":
    write_fashion_mnist(*sys.argv[1:])
