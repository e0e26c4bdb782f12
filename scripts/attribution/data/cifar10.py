"""CIFAR-10 from its binary archive, read in memory: nothing is unpacked to disk, nothing is unpickled."""

import gzip
import tarfile
import zlib

import numpy as np

from attribution.files import kinds as file_kinds
from attribution.files import unreadable

FOLDER = "cifar-10-batches-bin"
TRAIN = [f"{FOLDER}/data_batch_{i}.bin" for i in range(1, 6)]
TEST = [f"{FOLDER}/test_batch.bin"]
SIDE, CHANNELS, CLASSES = 32, 3, 10
RECORD = 1 + CHANNELS * SIDE * SIDE  # a label byte, then the channels one after another, each by rows
BATCH = 10_000  # records a member


def read_archive(path) -> dict[str, np.ndarray]:
    """Images and labels in the order of the archive's members data_batch_1 to 5, and test_batch.

    Returns:
        x_train (50000, 32, 32, 3) uint8, y_train (50000,) int64, x_test (10000, 32, 32, 3), y_test (10000,).

    Raises:
        ValueError: one sentence, when the file is no gzip-compressed tar archive, is cut off or damaged, or does not
            hold exactly these members at their size.
    """
    try:
        members = _members(path)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        said = unreadable.sentence(path, error) if isinstance(error, OSError) else None
        if not said and (kind := file_kinds.of(path)) != file_kinds.GZIP:
            said = f"{path} is no gzip-compressed tar file but {kind or 'of another kind'}; fetch it again"
        raise ValueError(said or f"{path} is damaged or cut off ({error}); fetch it again") from None
    x_train, y_train = _records(path, [members[name] for name in TRAIN])
    x_test, y_test = _records(path, [members[name] for name in TEST])
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _members(path) -> dict[str, bytes]:
    """Content of the six expected members. Others in their folder are passed over, any elsewhere is refused."""
    expected, found, size = [*TRAIN, *TEST], {}, BATCH * RECORD
    with gzip.open(path) as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as archive:
        for member in archive:
            name = member.name
            inside = (name == FOLDER or name.startswith(f"{FOLDER}/")) and ".." not in name.split("/")
            if not inside or not (member.isfile() or member.isdir()):
                raise ValueError(
                    f"{path} holds '{name}', and the CIFAR-10 archive has only plain files in {FOLDER}/; fetch it again"
                )
            if member.size > size or (name in expected and member.size != size) or name in found:
                raise ValueError(
                    f"{path} holds '{name}' with {member.size} bytes, expected once and {size}; fetch it again"
                )
            if name in expected:
                found[name] = archive.extractfile(member).read()
        # gzip's checksum stands at the very end, behind what tar reads
        while unpacked.read(size):
            pass
    missing = [name for name in expected if name not in found]
    if missing:
        raise ValueError(
            f"{path} has no {missing[0]}, so it is not the binary archive of CIFAR-10; give cifar-10-binary.tar.gz, "
            "not the Python or Matlab version"
        )
    return found


def _records(path, batches: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """(n, 32, 32, 3) uint8 images and (n,) int64 labels."""
    records = np.concatenate([np.frombuffer(batch, np.uint8).reshape(BATCH, RECORD) for batch in batches])
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= CLASSES:
        raise ValueError(f"{path} holds label {labels.max()}; CIFAR-10 has labels 0 to {CLASSES - 1}")
    images = records[:, 1:].reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels
