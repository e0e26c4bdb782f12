"""confusion.csv and recall.csv on counts written out."""

import numpy as np
import pandas as pd
import pytest

import measure_confusion
from answers_run import NAMES
from attribution.answers import confusion

# a rare class: 2 of 100 points, of which one is found
MATRIX = np.array([[90, 0, 0], [4, 4, 0], [1, 0, 1]])


def test_recall_precision_and_both_accuracies():
    found = confusion.recall(MATRIX, np.array([900, 80, 20]), NAMES, 0.95).set_index("class")
    np.testing.assert_allclose(found.recall[:3], [1, 0.5, 0.5])
    np.testing.assert_allclose(found.precision[:3], [90 / 95, 1, 1])
    assert found.recall[confusion.ACCURACY] == 0.95
    assert found.recall[confusion.BALANCED] == pytest.approx(2 / 3)
    # Wilson's interval of 1 of 2: centre (1/2 + z^2/4) / (1 + z^2/2), which is 1/2
    z = 1.959963984540054
    half = z * np.sqrt(1 / 8 + z**2 / 16) / (1 + z**2 / 2)
    np.testing.assert_allclose(found.loc["cow", ["low", "high"]].tolist(), [0.5 - half, 0.5 + half])
    half = z * np.sqrt(0.25 / 8 + 0.25 / 2) / 3
    np.testing.assert_allclose(found.loc[confusion.BALANCED, ["low", "high"]].tolist(), [2 / 3 - half, 2 / 3 + half])


def test_classes_that_are_not_there_have_no_recall():
    matrix = np.array([[3, 0, 1], [0, 0, 0], [0, 0, 2]])
    found = confusion.recall(matrix, np.array([3, 0, 3]), NAMES, 0.9).set_index("class")
    assert np.isnan(found.loc["bee", ["recall", "low", "high", "precision"]].astype(float)).all()
    assert found.recall[confusion.BALANCED] == pytest.approx((0.75 + 1) / 2)


def test_the_tables_of_a_run_add_up(run, tmp_path):
    measure_confusion.measure_confusion(
        run.files["data"], run.files["gradients"], 0.95, tmp_path / "confusion.csv", tmp_path / "recall.csv"
    )
    long, recall = pd.read_csv(tmp_path / "confusion.csv"), pd.read_csv(tmp_path / "recall.csv")
    predicted = (run.h_test @ run.weights).argmax(axis=1)
    for i, label in enumerate(NAMES):
        for j, prediction in enumerate(NAMES):
            count = long[(long.label == label) & (long.prediction == prediction)]["count"].item()
            assert count == ((run.y_test == i) & (predicted == j)).sum()
    assert recall.train_points.tolist() == [*np.bincount(run.y), 90, 90]
