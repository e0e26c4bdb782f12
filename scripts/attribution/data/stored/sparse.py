"""SciPy's sparse matrices among one's own arrays, as they are stored and as dense float32 of a bounded size."""

import zipfile
from collections.abc import Callable

import numpy as np
import scipy.sparse

from attribution.files import unreadable

# NAME_data and so on stand for array NAME: the rows of a csr_array one after another
PARTS = ("data", "indices", "indptr", "shape")
SAMPLES = ("x_train", "x_test")


def with_parts(wanted: Callable[[list[str]], list[str]]) -> Callable[[list[str]], list[str]]:
    """`wanted`, names that a file holds -> names to read, where an array may stand there as PARTS."""

    def found_and_parts(found: list[str]) -> list[str]:
        stored = parts(found)
        others = [name for name in found if not any(name in some for some in stored.values())]
        return [one for name in wanted([*others, *stored]) for one in stored.get(name, [name])]

    return found_and_parts


def parts(found: list[str]) -> dict[str, list[str]]:
    """Which of SAMPLES a file has as PARTS, with the names of these.

    Args:
        found: names of a file's arrays.
    """
    names = {name: [f"{name}_{part}" for part in PARTS] for name in SAMPLES if name not in found}
    return {name: some for name, some in names.items() if set(some) <= set(found)}


def joined(path, arrays: dict[str, np.ndarray]) -> dict:
    """The arrays, and a sparse matrix for each that is there as PARTS.

    Raises:
        ValueError: one sentence, where these are not those of a csr_array.
    """
    found = dict(arrays)
    for name, some in parts(list(arrays)).items():
        data, indices, indptr, shape = (found.pop(one) for one in some)
        try:
            matrix = scipy.sparse.csr_array((data, indices, indptr), shape=tuple(int(side) for side in np.ravel(shape)))
            matrix.check_format()
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{path}: {', '.join(some)} make no sparse matrix ({_line(error)}); they are x.data, x.indices, "
                "x.indptr and x.shape of a scipy.sparse.csr_array x"
            ) from None
        found[name] = matrix
    return found


def load(path) -> scipy.sparse.sparray:
    """The matrix of a file that scipy.sparse.save_npz wrote.

    Raises:
        ValueError: one sentence.
    """
    unreadable.require(path)
    try:
        with unreadable.explained(path):
            return scipy.sparse.load_npz(path)
    # what is wrong in a damaged file has many kinds
    except (OSError, ValueError, KeyError, AttributeError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(
            f"{path} is no sparse matrix of SciPy ({_line(error)}); write it with scipy.sparse.save_npz"
        ) from None


def dense(path, arrays: dict, limit: float) -> dict[str, np.ndarray]:
    """The arrays, sparse ones as dense float32.

    Args:
        path: for messages. arrays: of NumPy and SciPy. limit: gigabytes that all dense ones may take together.

    Raises:
        ValueError: one sentence with the bytes that were predicted.
    """
    found = {name: array for name, array in arrays.items() if scipy.sparse.issparse(array)}
    if not found:
        return arrays
    asked = 4 * sum(int(np.prod(array.shape, dtype=np.int64)) for array in found.values()) / 1e9
    shapes = " and ".join(f"{name} {' x '.join(map(str, array.shape))}" for name, array in found.items())
    if asked > limit:
        raise ValueError(
            f"{path}: {shapes} take {asked:.3g} GB as dense arrays, and dense_gb is {limit:g}; keep fewer columns "
            "(TfidfVectorizer(max_features=5000)), or raise dense_gb of the data set"
        )
    print(f"{shapes} are made dense, {asked:.3g} GB", flush=True)
    return arrays | {name: array.toarray().astype(np.float32, copy=False) for name, array in found.items()}


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
