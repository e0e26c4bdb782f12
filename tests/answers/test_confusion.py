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
    # Wilson's interval of half of n: centre (1/2 + z^2/2n) / (1 + z^2/n), which is 1/2; of all of n it begins at
    # n / (n + z^2)
    z = 1.959963984540054
    bee, cow = (z * np.sqrt(1 / (4 * n) + z**2 / (4 * n**2)) / (1 + z**2 / n) for n in (8, 2))
    np.testing.assert_allclose(found.loc["cow", ["low", "high"]].tolist(), [0.5 - cow, 0.5 + cow])
    below, above = np.hypot(np.hypot(bee, cow), z**2 / (90 + z**2)) / 3, np.hypot(bee, cow) / 3
    np.testing.assert_allclose(found.loc[confusion.BALANCED, ["low", "high"]].tolist(), [2 / 3 - below, 2 / 3 + above])


def test_where_all_is_right_the_balanced_accuracy_has_an_interval_all_the_same():
    found = confusion.recall(np.diag([10, 10, 10]), np.full(3, 40), NAMES, 0.95).set_index("class")
    z = 1.959963984540054
    expected = [1 - z**2 / (10 + z**2) / np.sqrt(3), 1]
    np.testing.assert_allclose(found.loc[confusion.BALANCED, ["low", "high"]].tolist(), expected)


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
