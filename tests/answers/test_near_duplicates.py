"""Pairs that are nearly the same, found without knowing any."""

from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import find_near_duplicates
import plot_near_duplicate_pairs
from answers_run import NAMES
from attribution.answers import near_duplicates
from attribution.data import own_rows
from attribution.files import hdf5
from attribution.influence import inverse_files
from attribution.networks import last_convolution
from attribution.workflow import inputs
from helpers import ROOT, wildcards


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
    write(run, data, gradients, None, str(path))
    return data, path


def write(run, data, gradients, model, path, matrix_gb=2.0):
    solve = inverse_files.open_inverse(run.files, {})
    find_near_duplicates.find_near_duplicates(data, gradients, solve, model, 16, matrix_gb, 20, path)


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


@pytest.fixture(scope="module")
def seen(run, tmp_path_factory):
    """The same run as if its points were images, seen by a network of one convolution and two places of pooling."""
    folder = tmp_path_factory.mktemp("seen")
    data, rng = str(folder / "data.h5"), np.random.default_rng(0)
    with hdf5.file(run.files["data"]) as file:
        arrays = {name: file[name][()] for name in file}
    for part in ("train", "test"):
        arrays[f"x_{part}"] = rng.integers(0, 256, (len(arrays[f"y_{part}"]), 6, 5, 2), dtype=np.uint8)
    # nearly a copy, of another class perhaps
    arrays["x_train"][21] = np.clip(arrays["x_train"][70].astype(int) + rng.integers(-4, 5, (6, 5, 2)), 0, 255)
    arrays["x_test"][9] = arrays["x_train"][33] ^ 1
    hdf5.write(data, arrays, hdf5.attributes(run.files["data"]))
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((6, 5, 2)), layers.Rescaling(1 / 255), layers.Conv2D(7, 3, activation="relu"),
        layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(3),
    ])  # fmt: skip
    model.save(folder / "model.keras")
    return SimpleNamespace(data=data, model=model, path=str(folder / "model.keras"), arrays=arrays)


def by_hand(seen):
    """Cosines (n, n) and (m, n) of the convolution's outputs less the mean of the training points."""
    kernel, bias = seen.model.layers[1].get_weights()
    found = []
    for part in ("train", "test"):
        x = seen.arrays[f"x_{part}"] / 255.0
        places = [np.tensordot(x[:, i : i + 3, j : j + 3], kernel, 3) + bias for i in range(4) for j in range(3)]
        found.append(np.maximum(np.concatenate(places, axis=1), 0))
    train, test = (part - found[0].mean(axis=0) for part in found)
    lengths = [np.linalg.norm(part, axis=1, keepdims=True) for part in (train, test)]
    return train / lengths[0] @ (train / lengths[0]).T, test / lengths[1] @ (train / lengths[0]).T


def test_networks_with_a_convolution_compare_images_by_it_too(run, seen, tmp_path):
    write(run, seen.data, run.files["gradients"], seen.path, str(tmp_path / "pairs.csv"))
    table = pd.read_csv(tmp_path / "pairs.csv")
    assert list(table.score.unique()) == ["embedding-cosine", "l-relative", "convolution-cosine"]
    of = table[table.score == "convolution-cosine"]
    rows = {part: own_rows.of(seen.data, part).rows for part in ("train", "test")}
    for part, cosines in zip(("train", "test"), by_hand(seen), strict=True):
        wanted = list(brute(lambda queries, cosines=cosines: cosines[queries], len(cosines), part == "train"))[:20]
        mine = of[of.of == part]
        np.testing.assert_allclose(mine["value"], [value for *_, value in wanted], atol=1e-5)
        if part == "train":
            assert {*mine.iloc[0][["row", "other_row"]]} == {rows["train"][21], rows["train"][70]}
        else:
            assert list(mine.iloc[0][["row", "other_row"]]) == [rows["test"][9], rows["train"][33]]


def test_outputs_beyond_the_limit_are_projected_and_keep_their_cosines(seen):
    body = last_convolution.up_to(seen.model)
    parts = [seen.arrays["x_train"], seen.arrays["x_test"]]
    whole = last_convolution.held(body, parts, 16, 1.0)
    rows = len(parts[0]) + len(parts[1])
    assert [part.shape for part in whole] == [(len(x), 12 * 7) for x in parts]
    for columns in (83, 40):
        held = last_convolution.held(body, parts, 16, 4 * rows * (columns + 0.5) / 1e9)
        assert [part.shape for part in held] == [(len(x), columns) for x in parts]
        assert held[0].dtype == np.float32
        cosines = []
        for both in (whole, held):
            both = [part.copy() for part in both]
            near_duplicates.centre(*both)
            cosines.append(both[1] @ both[0].T)
        error = cosines[0] - cosines[1]
        # a cosine of projections has a variance of at most 1 / columns, or nearly
        assert 0.2 / columns < (error**2).mean() < 1.5 / columns
        # one projection for both parts: copies stay copies
        assert cosines[1][9].argmax() == cosines[0][9].argmax()


def test_what_all_images_share_is_no_likeness():
    train, test = (np.tile(np.float32([3, 1, 2]), (count, 1)) for count in (4, 2))
    near_duplicates.centre(train, test)
    assert not train.any() and not test.any()


def test_networks_without_a_convolution_leave_it_out(run, tmp_path):
    dense = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    dense.save(tmp_path / "model.keras")
    path = str(tmp_path / "pairs.csv")
    write(run, run.files["data"], run.files["gradients"], str(tmp_path / "model.keras"), path)
    assert list(pd.read_csv(path).score.unique()) == ["embedding-cosine", "l-relative"]


@pytest.mark.parametrize(("recipe", "asked"), [
    ({"architecture": "mlp"}, False), ({"architecture": "factors"}, False), ({"architecture": "cnn"}, True),
    ({"architecture": "keras-file", "path": "net.keras"}, True),
])  # fmt: skip
def test_the_network_is_asked_for_where_it_may_have_a_convolution(recipe, asked):
    given = inputs.network_with_convolution({"models": {"net": recipe}}, wildcards(dataset="d", model="net", seed="2"))
    assert given == ({"model": "results/d/net/seed2/model.keras"} if asked else {})


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
