"""near_duplicates.csv: the most alike pairs of a test and a training point, and of two training points."""

from attribution.runtime import job

job.begin()

from collections.abc import Callable

import numpy as np

from attribution.answers import near_duplicates
from attribution.data import own_rows
from attribution.files import atomic, hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TEST, FEATURES_TRAIN, RESIDUALS_TEST, RESIDUALS_TRAIN
from attribution.influence import inverse_files
from attribution.influence.points import Solve

CONVOLUTION = "convolution-cosine"


def find_near_duplicates(
    data: str, gradients: str, solve: Solve, model: str | None, batch_size: int, matrix_gb: float, pairs: int, path: str
) -> None:
    """Write near_duplicates.csv.

    Args:
        data, gradients: data.h5 and gradients.h5. solve: the damped inverse Hessian of the last layer. model: the
            network, whose last convolution compares points too where it has one. matrix_gb: what its outputs may take,
            beyond which they are projected. pairs: of each score, of test and of training points.
    """
    y, y_test = hdf5.read(data, Y_TRAIN, Y_TEST)
    found = hdf5.read(gradients, FEATURES_TRAIN, RESIDUALS_TRAIN, FEATURES_TEST, RESIDUALS_TEST)
    train, test = found[:2], found[2:]
    names = np.array([str(name) for name in hdf5.attributes(data)["class_names"]], dtype=object)
    scores = {}
    for part, asked in (("train", train), ("test", test)):
        # without the column of ones
        scores["embedding-cosine", part] = near_duplicates.embedding_cosine(train[0][:, :-1], asked[0][:, :-1])
        scores["l-relative", part] = near_duplicates.l_relative(train, asked, solve)
    scores |= of_convolution(model, data, batch_size, matrix_gb) if model else {}
    nearest = {
        (score, part): near_duplicates.nearest(of, len(y if part == "train" else y_test), pairs, part == "train")
        for (score, part), of in scores.items()
    }
    rows = {part: own_rows.of(data, part) for part in near_duplicates.PARTS}
    table = near_duplicates.table(nearest, rows, {"train": names[y], "test": names[y_test]})
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


def of_convolution(model: str, data: str, batch: int, limit: float) -> dict[tuple[str, str], Callable]:
    """Scores of the last convolution of a network, by name and part of the queries; none where it has none."""
    # not of a last layer, which loads no TensorFlow
    import keras

    from attribution.networks import last_convolution

    body = last_convolution.up_to(keras.models.load_model(model, compile=False))
    if body is None:
        return {}
    with hdf5.opened(data, X_TRAIN, X_TEST) as parts:
        train, test = last_convolution.held(body, parts, batch, limit)
    near_duplicates.centre(train, test)
    return {
        (CONVOLUTION, part): lambda queries, asked=asked: asked[queries] @ train.T
        for part, asked in (("train", train), ("test", test))
    }


job.run(find_near_duplicates, solve=inverse_files.open_inverse, model="input.model")
