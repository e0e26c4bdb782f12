"""A small archive in the layout of CIFAR-10."""

import io
import tarfile
from pathlib import Path

import numpy as np

from attribution.data import cifar10

NAMES = [*cifar10.TRAIN, *cifar10.TEST]


def records(i: int) -> bytes:
    """A batch in the official layout whose pixels say where they are: channel * 80 + row + column, plus the batch."""
    channel, row, column = np.indices((3, 32, 32))
    pixels = (channel * 80 + row + column + i).astype(np.uint8).ravel()
    batch = np.tile(np.concatenate([[0], pixels]).astype(np.uint8), (cifar10.BATCH, 1))
    batch[:, 0] = np.arange(cifar10.BATCH) % 10
    return batch.tobytes()


def write_archive(path, members: dict, compression="gz") -> Path:
    """A tar of name -> bytes, or -> TarInfo."""
    with tarfile.open(path, f"w:{compression}", **({"compresslevel": 1} if compression else {})) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path
