"""Agreement of groups between trainings: counts by hand, chance against draws, the table's pairs of runs."""

import copy

import numpy as np
import pandas as pd
import pytest

import measure_agreement
import plot_agreement
from attribution.evaluation import agreement
from attribution.files import hdf5
from attribution.files.results.data import Y_TRAIN
from attribution.files.results.groups import MEMBERS
from attribution.settings import check as settings
from attribution.settings import run_checks
from helpers import CONFIG, SCHEMA

INTERVAL = {"resamples": 200, "level": 0.95, "seed": 0}
LABELS = np.repeat([0, 1], [30, 50])
SEEDS = np.array([2, 7, 40, 60])


def drawn(rng, size=9):
    """(s, size) seed points with random members of their class."""
    rows = []
    for seed in SEEDS:
        others = np.setdiff1d(np.flatnonzero(LABELS == LABELS[seed]), [seed])
        rows.append([seed, *rng.permutation(others)[: size - 1]])
    return np.array(rows)


def run(folder, model, seed, members):
    path = folder / f"{model}-{seed}.h5"
    hdf5.write(path, {f"{MEMBERS}/{method}": found for method, found in members.items()}, {"model": model})
    return str(path)


def measured(folder, files):
    hdf5.write(folder / "data.h5", {Y_TRAIN: LABELS}, {})
    measure_agreement.measure_agreement(folder / "data.h5", files, INTERVAL, folder / "agreement.csv")
    table = pd.read_csv(folder / "agreement.csv", keep_default_na=False)
    return {
        baseline: rows.set_index(["first_model", "second_model", "method", "metric"]).sort_index()
        for baseline, rows in table.groupby("baseline")
    }


def test_shared_members_by_hand():
    a, b = np.array([[5, 1, 2, 3], [8, 1, 2, 3]]), np.array([[5, 3, 9, 1], [8, 9, 5, 4]])
    count = agreement.shared(a, b)
    assert count.tolist() == [2, 0]
    found = agreement.outcomes(count, 3)
    # {1, 2, 3} and {3, 9, 1}: two of three, two of four in either; the seed point does not count
    np.testing.assert_allclose(found["overlap"], [2 / 3, 0])
    np.testing.assert_allclose(found["jaccard"], [2 / 4, 0])
    for other in (b[:, :3], b[::-1]):
        with pytest.raises(ValueError, match="are not of the same seed points and size; make"):
            agreement.shared(a, other)


def test_chance_is_the_mean_of_draws():
    rng = np.random.default_rng(0)
    expected = agreement.by_chance(LABELS, SEEDS, 8)
    counts = np.array([agreement.shared(drawn(rng), drawn(rng)) for _ in range(3000)])
    found = agreement.outcomes(counts, 8)
    for metric in agreement.METRICS:
        error = found[metric].std(axis=0) / np.sqrt(len(counts))
        assert (np.abs(found[metric].mean(axis=0) - expected[metric]) < 4 * error).all()
    # the mean of the hypergeometric distribution
    np.testing.assert_allclose(expected["overlap"], 8 / np.array([29, 29, 49, 49]))
    with pytest.raises(ValueError, match=r"point 2 has 29 other points, fewer than the 30 members .* overlap\.size"):
        agreement.by_chance(LABELS, SEEDS, 30)


def test_every_pair_of_runs_counts_once(tmp_path):
    rng = np.random.default_rng(1)
    same = drawn(rng)
    files = [
        run(tmp_path, model, seed, {"rule": same, "embedding-cosine": drawn(rng)})
        for model, seed in (("a", 0), ("a", 1), ("a", 2), ("b", 0))
    ]
    tables = measured(tmp_path, files)
    found, paired = tables[""], tables["embedding-cosine"]
    assert found.loc["a", "a"].pairs.unique() == [3] and found.loc["a", "b"].pairs.unique() == [3]
    assert ("b", "b", "rule", "overlap") not in found.index
    for pair in (("a", "a"), ("a", "b")):
        row = found.loc[(*pair, "rule", "overlap")]
        assert (row.value, row.low, row.high, row.smallest, row.largest) == (1, 1, 1, 1, 1)
        chance = found.loc[(*pair, "random-class", "overlap")]
        assert chance.value == pytest.approx(np.mean(8 / np.array([29, 29, 49, 49])))
        noise = found.loc[(*pair, "embedding-cosine", "overlap")]
        gap = paired.loc[(*pair, "rule", "overlap")]
        assert gap.value == pytest.approx(1 - noise.value) and gap.smallest == pytest.approx(1 - noise.largest)
        assert 0 < gap.low <= gap.value <= gap.high and (*pair, "embedding-cosine", "overlap") not in paired.index
        assert noise.low <= noise.value <= noise.high < 0.7 and noise.smallest <= noise.value <= noise.largest
        assert (row.points, row["size"]) == (4, 9)
    # the order of members does not matter
    turned = np.concatenate([same[:, :1], same[:, :0:-1]], axis=1)
    files = [
        run(tmp_path, model, 0, {"rule": members, "embedding-cosine": same})
        for model, members in (("a", same), ("b", turned))
    ]
    assert measured(tmp_path, files)[""].loc["a", "b", "rule", "jaccard"].value == 1


def test_a_method_counts_where_both_runs_have_it(tmp_path):
    rng = np.random.default_rng(2)
    of = lambda *names: {name: drawn(rng) for name in ("rule", "embedding-cosine", *names)}  # noqa: E731
    files = [run(tmp_path, "a", seed, of("rule-untrained")) for seed in (0, 1)] + [run(tmp_path, "b", 0, of())]
    found = measured(tmp_path, files)[""]
    has = lambda *pair: set(found.loc[pair].index.get_level_values(0))  # noqa: E731
    assert has("a", "a") == {"rule", "embedding-cosine", "random-class", "rule-untrained"}
    assert has("a", "b") == {"rule", "embedding-cosine", "random-class"}
    plot_agreement.plot_agreement(tmp_path / "agreement.csv", "default", 40, tmp_path / "a.png")
    assert plot_agreement.ordered(["rule-untrained", "embedding-cosine", "rule"]) == [
        "rule", "embedding-cosine", "rule-untrained"
    ]  # fmt: skip


def test_one_run_is_a_sentence_here_and_in_the_settings(tmp_path):
    file = run(tmp_path, "a", 0, {"rule": drawn(np.random.default_rng(0))})
    with pytest.raises(
        ValueError, match=r"agreement needs two runs, and .* is the only one; name more models or seeds"
    ):
        measured(tmp_path, [file])
    for value, sentence in (
        ({"models": ["mlp-plain"], "seeds": [0]}, "studies.toy.agreement names a single training; allowed are two"),
        (
            {"models": ["vgg"], "seeds": [0, 1]},
            'studies.toy.agreement.models is "vgg", which is not defined; allowed are',
        ),
        ({"models": ["mlp-plain"]}, "studies.toy.agreement.seeds is missing"),
    ):
        config = copy.deepcopy(CONFIG)
        config["studies"]["toy"]["agreement"] = value
        with pytest.raises(settings.SettingError) as error:
            settings.check(config, SCHEMA)
            run_checks.study(config, "toy")
        assert str(error.value).startswith(sentence)


def test_rules_come_first_then_neighbours_then_chance():
    methods = ["random-class", "theta-relative", "embedding-cosine", "influence"]
    assert plot_agreement.ordered(methods) == ["influence", "theta-relative", "embedding-cosine", "random-class"]
    assert plot_agreement.title("a", "a", 3) == "a, training seeds (3 pairs of runs)"
    assert plot_agreement.title("a", "b", 1) == "a and b (1 pair of runs)"
