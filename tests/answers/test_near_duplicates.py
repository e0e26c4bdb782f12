"""Pairs that are nearly the same, found without knowing any."""

import numpy as np
import pandas as pd
import pytest

import find_near_duplicates
import plot_near_duplicate_pairs
from answers_run import NAMES
from attribution.answers import near_duplicates
from attribution.data import own_rows
from attribution.files import hdf5
from attribution.influence import inverse_files
from helpers import ROOT


def brute(score, count, within):
    """Every query's nearest point, then pairs in order; a pair counts once."""
    found, seen = [], set()
    for query in range(count):
        row = np.array(score(np.array([query]))[0])
        if within:
            row[query] = -np.inf
        found.append((row.max(), query, int(row.argmax())))
    for value, query, other in sorted(found, key=lambda one: -one[0]):
        pair = frozenset((query, other)) if within else (query, other)
        if pair not in seen:
            seen.add(pair)
            yield query, other, value


@pytest.mark.parametrize("within", [True, False])
def test_the_most_alike_pairs_are_those_of_a_search_of_all(monkeypatch, within):
    monkeypatch.setattr(near_duplicates, "BLOCK", 7)
    rng = np.random.default_rng(0)
    train, asked = rng.normal(size=(40, 4)), rng.normal(size=(23, 4))
    asked = train if within else asked
    score = near_duplicates.embedding_cosine(train, asked)
    queries, others, values = near_duplicates.nearest(score, len(asked), 15, within)
    wanted = list(brute(score, len(asked), within))[:15]
    assert [(q, o) for q, o, _ in wanted] == list(zip(queries, others, strict=True))
    np.testing.assert_allclose(values, [value for *_, value in wanted])


@pytest.fixture(scope="module")
def found(run, tmp_path_factory):
    """near_duplicates.csv of the run, in which a test point and a training point are copies of others."""
    folder = tmp_path_factory.mktemp("pairs")
    data, gradients = str(folder / "data.h5"), str(folder / "gradients.h5")
    for path, copied in ((data, ("x", "y")), (gradients, ("features", "residuals", "logits"))):
        source = run.files["data" if path == data else "gradients"]
        with hdf5.file(source) as file:
            arrays = {name: file[name][()] for name in file}
        for name in copied:
            arrays[f"{name}_train"][5] = arrays[f"{name}_train"][11]
            arrays[f"{name}_test"][3] = arrays[f"{name}_train"][8]
        hdf5.write(path, arrays, hdf5.attributes(source))
    path = folder / "near_duplicates.csv"
    find_near_duplicates.find_near_duplicates(data, gradients, inverse_files.open_inverse(run.files, {}), 20, str(path))
    return data, path


def test_copies_come_first_by_both_scores_in_the_users_own_rows(run, found):
    data, path = found
    table = pd.read_csv(path)
    rows = {part: own_rows.of(data, part).rows for part in ("train", "test")}
    for score in ("embedding-cosine", "l-relative"):
        first = table[(table["score"] == score) & (table["rank"] == 1)].set_index("of")
        assert first["value"].to_numpy() == pytest.approx(1)
        assert {*first.loc["train", ["row", "other_row"]]} == {rows["train"][5], rows["train"][11]}
        assert list(first.loc["test", ["row", "other_row"]]) == [rows["test"][3], rows["train"][8]]
        assert first["same_label"].all() and set(first["label"]) <= set(NAMES)
    assert (table.groupby(["score", "of"])["value"].apply(lambda one: one.is_monotonic_decreasing)).all()
    # without copies no two of these points are the same
    others = table[table["rank"] > 1]
    assert (others[others.score == "l-relative"]["value"] < 1).all()


def test_the_figure_shows_pairs_as_lines_and_as_images(found, tmp_path):
    data, path = found
    figure = tmp_path / "pairs.png"
    style = str(ROOT / "config/figures.mplstyle")
    plot_near_duplicate_pairs.plot_near_duplicate_pairs(data, str(path), 6, style, 80, str(figure))
    assert figure.stat().st_size > 10_000
    images = str(tmp_path / "images.h5")
    with hdf5.file(data) as file:
        arrays = {name: file[name][()] for name in file}
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        arrays[f"x_{part}"] = rng.integers(0, 256, (len(arrays[f"y_{part}"]), 6, 6), dtype=np.uint8)
    hdf5.write(images, arrays, hdf5.attributes(data))
    plot_near_duplicate_pairs.plot_near_duplicate_pairs(images, str(path), 6, style, 80, str(tmp_path / "images.png"))
    assert (tmp_path / "images.png").stat().st_size > 10_000
