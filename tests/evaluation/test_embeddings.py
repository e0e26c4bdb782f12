"""Agreement of embeddings: closed forms, what it must not depend on, and what must destroy it."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import rankdata, spearmanr

import gather_truths
import measure_embeddings
from attribution.evaluation import embeddings
from attribution.files import hdf5


@pytest.fixture
def pairs():
    """Attributions (t, n) of 30 targets, of rank 3 but for little noise."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 3)) @ rng.normal(size=(3, 50)) + 0.01 * rng.normal(size=(30, 50))


@pytest.mark.parametrize(
    ("total", "expected"),
    [(20, [20]), (50, [50]), (51, [50, 51]), (400, [50, 100, 200, 400]), (1000, [50, 100, 200, 400, 800, 1000])],
)
def test_counts_double_up_to_all(total, expected):
    assert embeddings.counts(total) == expected


def test_distances_in_all_components_are_those_of_the_attributions(pairs):
    found = embeddings.distances(pairs, 30)
    np.testing.assert_allclose(found[np.triu_indices(30, 1)], pdist(pairs), rtol=1e-9)
    assert np.array_equal(found, found.T) and not found.diagonal().any()


def test_distances_in_some_components_are_those_of_the_leading_singular_vectors(pairs):
    centred = pairs - pairs.mean(axis=0)
    left, length, _ = np.linalg.svd(centred, full_matrices=False)
    expected = pdist(left[:, :2] * length[:2])
    np.testing.assert_allclose(embeddings.distances(pairs, 2)[np.triu_indices(30, 1)], expected, rtol=1e-9)


def test_agreement_is_scipy_s_rank_correlation_of_the_distances(pairs):
    other = pairs + np.random.default_rng(1).normal(size=pairs.shape)
    one, two = (embeddings.distances(rows, 3) for rows in (pairs, other))
    above = np.triu_indices(30, 1)
    assert embeddings.agreement(one, two) == pytest.approx(spearmanr(one[above], two[above]).statistic, abs=1e-12)


def test_turns_shifts_and_scales_change_nothing(pairs):
    rng = np.random.default_rng(2)
    turn, _ = np.linalg.qr(rng.normal(size=(50, 50)))
    one = embeddings.distances(pairs, 3)
    assert embeddings.agreement(one, embeddings.distances(7 * pairs @ turn + rng.normal(size=50), 3)) > 1 - 1e-9


def test_one_target_of_long_attributions_decides_the_components_but_not_at_length_one(pairs):
    long = pairs.copy()
    long[4] = 1000 * np.random.default_rng(7).normal(size=50)
    assert abs(embeddings.agreement(*(embeddings.distances(rows, 1) for rows in (pairs, long)))) < 0.3
    unit = [embeddings.at_length_one(rows) for rows in (pairs, long)]
    np.testing.assert_allclose(np.linalg.norm(unit[1], axis=1), 1, rtol=1e-12)
    assert embeddings.agreement(*(embeddings.distances(rows, 1) for rows in unit)) > 0.8


def test_a_target_without_attributions_stays_at_zero():
    found = embeddings.at_length_one(np.array([[0, 0], [3, 4]]))
    np.testing.assert_allclose(found, [[0, 0], [0.6, 0.8]], rtol=1e-15)


def test_other_orders_of_the_targets_destroy_it(pairs):
    rng, one = np.random.default_rng(3), embeddings.distances(pairs, 3)
    found = [embeddings.agreement(one, embeddings.distances(rng.permutation(pairs), 3)) for _ in range(20)]
    assert abs(np.mean(found)) < 0.05


def test_the_interval_holds_the_agreement_and_is_of_the_seed(pairs):
    other = pairs + np.random.default_rng(4).normal(size=pairs.shape)
    one, two = (embeddings.distances(rows, 3) for rows in (pairs, other))
    low, high = embeddings.interval(one, two, 200, 0.9, 0)
    assert low < embeddings.agreement(one, two) < high < 1
    assert embeddings.interval(one, two, 200, 0.9, 0) == (low, high) != embeddings.interval(one, two, 200, 0.9, 1)


def test_the_interval_is_that_of_drawn_targets(pairs):
    rng = np.random.default_rng(6)
    other = pairs + rng.normal(size=pairs.shape)
    one, two = (embeddings.distances(rows, 3) for rows in (pairs, other))
    ranked = [rankdata(matrix[np.triu_indices(30, 1)]) for matrix in (one, two)]
    place = np.zeros((30, 30), dtype=int)
    place[np.triu_indices(30, 1)] = np.arange(435)
    place += place.T
    found = []
    for _ in range(2000):
        drawn = rng.integers(30, size=30)
        left, right = drawn[np.triu_indices(30, 1)[0]], drawn[np.triu_indices(30, 1)[1]]
        at = place[left, right][left != right]
        found.append(np.corrcoef(ranked[0][at], ranked[1][at])[0, 1])
    expected = np.percentile(found, [5, 95])
    assert embeddings.interval(one, two, 4000, 0.9, 0) == pytest.approx(expected, abs=0.02)


def test_a_target_drawn_twice_is_no_pair_with_itself(pairs):
    """Equal distances have no ranks; beside zeros of such pairs they would have."""
    one = embeddings.distances(pairs, 3)
    assert embeddings.interval(one, 1 - np.eye(len(one)), 50, 0.9, 0) == (0, 0)


def test_of_two_targets_a_draw_may_have_no_pair():
    one = np.array([[0.0, 2.0], [2.0, 0.0]])
    assert embeddings.interval(one, one, 50, 0.9, 0) == (0, 0)


def test_datamodels_come_nearer_to_the_weights_with_subsets_and_a_row_stands_once(pairs, tmp_path):
    rng = np.random.default_rng(5)
    kept, targets = rng.random((220, 50)) < 0.5, np.arange(30)
    margins = (kept @ pairs.T + 3 * rng.normal(size=(220, 30)))[None]
    arrays = {"kept": kept, "kind": np.full(220, b"random"), "retrained": margins, "untouched": margins[:, 0]}
    hdf5.write(tmp_path / "truth.h5", arrays | {"targets": targets}, {})
    tables = []
    for method, own in (("right", pairs), ("random", rng.random(pairs.shape))):
        hdf5.write(tmp_path / f"of-{method}.h5", {"targets": targets, "pairs": own}, {})
        tables.append(str(tmp_path / f"{method}.csv"))
        measure_embeddings.measure_embeddings(
            {"dataset": "toy", "model": "a", "method": method}, [str(tmp_path / "truth.h5")],
            str(tmp_path / f"of-{method}.h5"), 220, {"smallest": 0.1, "largest": 1e3, "count": 5}, 3,
            {"resamples": 30, "level": 0.9, "seed": 0}, tables[-1],
        )  # fmt: skip
    gather_truths.gather_truths(tables, str(tmp_path / "all.csv"))
    rows = pd.read_csv(tmp_path / "all.csv").set_index(["method", "subsets"])
    table = rows.agreement
    assert table.index.is_unique and set(table.loc["right"].index) == {50, 100, 200, 220}
    assert table["right", 50] < table["right", 220] and table["right", 220] > 0.8
    # two halves of the subsets agree less than either with the weights
    assert set(table.loc["noise-floor"].index) == {50, 100} and table["noise-floor", 100] < table["right", 100]
    assert abs(table["random", 220]) < 0.3 and table["datamodel-ridge", 220] == pytest.approx(1)
    # of attributions as long as these are, the leading components are those at length one but for their scale
    assert rows.unit["right", 220] > 0.8 and abs(rows.unit["random", 220]) < 0.3
    assert (rows.unit_low <= rows.unit).all() and (rows.unit <= rows.unit_high).all()
    assert rows.unit["right", 50] < rows.unit["right", 220] != table["right", 220]
