"""Figures of attribution judged by retraining: names that do not run into each other, ends, looks, refusals."""

import itertools

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import map_border
import plot_attributed_points
import plot_attribution_components
import plot_border
import plot_embeddings_against_subsets
import plot_lds_against_alpha
import plot_lds_against_seconds
from attribution.drawing import ends, labels
from attribution.drawing import methods as looks
from attribution.drawing import style as drawing
from attribution.methods import base
from helpers import ROOT

pytestmark = pytest.mark.slow

STYLE = str(ROOT / "config/figures.mplstyle")
COLUMNS = "dataset,model,truth,models,subsets,alpha,method,lds,low,high,seconds,peak_mb".split(",")
METHODS = [f"method-of-a-long-name-{number}" for number in range(20)]
KNOWN = {name: [base.FAMILIES[i % 6], i % 5 == 0] for i, name in enumerate(METHODS)}


@pytest.fixture
def table(tmp_path):
    """20 methods, most of them nearly level, two models, both truths, two shares."""
    rng, rows = np.random.default_rng(0), []
    for model, truth, alpha in itertools.product(("a", "b"), ("fixed", "averaged"), (0.5, 0.9)):
        start = ["toy", model, truth, 1 + 2 * (truth == "averaged"), 100, alpha]
        if truth == "averaged":
            rows.append([*start, looks.FLOOR, 0.7, 0.6, 0.8, None, None])
            rows.append([*start, looks.ROOT, 0.8, 0.7, 0.9, None, None])
        for name in METHODS:
            score = 0.9 + 0.01 * rng.normal()
            rows.append([*start, name, score, score - 0.05, score + 0.05, 10 ** rng.uniform(-3, 2), 700.0])
    path = tmp_path / "lds.csv"
    pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)
    return path


@pytest.fixture
def kept(monkeypatch):
    """Figures as they are when they would be saved."""
    found = []
    monkeypatch.setattr(drawing, "save", lambda figure, path, dpi: found.append(figure))
    return found


def test_spread_is_the_nearest_in_least_squares():
    rng = np.random.default_rng(1)
    for _ in range(5):
        wanted = rng.uniform(0, 1, 6)
        found = labels.spread(wanted, 0.12, 0.0, 1.0)
        order = np.argsort(wanted)
        apart = {"type": "ineq", "fun": lambda p, order=order: np.diff(p[order]) - 0.12}
        best = minimize(lambda p, wanted=wanted: ((p - wanted) ** 2).sum(), np.linspace(0, 1, 6)[order.argsort()],
                        bounds=[(0, 1)] * 6, constraints=apart, options={"ftol": 1e-14})  # fmt: skip
        np.testing.assert_allclose(found, best.x, atol=1e-5)


def test_spread_leaves_what_is_far_apart_and_refuses_what_does_not_fit():
    wanted = np.array([0.9, 0.1, 0.5])
    np.testing.assert_allclose(labels.spread(wanted, 0.2, 0, 1), wanted)
    np.testing.assert_allclose(labels.spread(np.full(3, 0.5), 0.5, 0, 1), [0, 0.5, 1])
    with pytest.raises(ValueError, match=r"4 names 0.5 apart do not fit between 0 and 1"):
        labels.spread(np.zeros(4), 0.5, 0, 1)


@pytest.mark.parametrize("figure", ["seconds", "alpha"])
def test_no_text_of_20_methods_runs_into_another(table, kept, figure):
    if figure == "seconds":
        plot_lds_against_seconds.plot_lds_against_seconds(str(table), KNOWN, 0.5, STYLE, 60, "a.png")
    else:
        plot_lds_against_alpha.plot_lds_against_alpha(str(table), KNOWN, STYLE, 60, "a.png")
    (drawn,) = kept
    assert len(drawn.axes) == 4
    drawn.draw_without_rendering()
    texts = [text for axes in drawn.axes for text in (*axes.texts, axes.title, axes._left_title, axes.xaxis.label)]
    texts = [text for text in texts if text.get_text()]
    assert sum("method-of" in text.get_text() for text in texts) == 4 * 20
    boxes = [text.get_window_extent() for text in texts] + [drawn.legends[0].get_window_extent()]
    assert not [(a, b) for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]
    # nor into the axes of a neighbour
    inside = [axes.get_window_extent() for axes in drawn.axes]
    names = [box for text, box in zip(texts, boxes, strict=False) if "method-of" in text.get_text()]
    assert not [1 for name in names for area in inside if name.overlaps(area)]


def test_every_family_looks_its_own_way_and_controls_are_hollow():
    assert set(looks.LOOKS) == set(base.FAMILIES)
    assert len(set(looks.LOOKS.values())) == len({mark for _, mark in looks.LOOKS.values()}) == len(base.FAMILIES)
    found = looks.look("a", {"a": ["influence", True]}), looks.look("a", {"a": ["influence", False]})
    assert [look["markerfacecolor"] for look in found] == ["white", drawing.BLUE]


def test_a_share_that_the_table_lacks_is_named(table):
    with pytest.raises(ValueError, match=r"no subsets of 0.75 n, only of 0.5, 0.9; give truth.shown.alpha one of"):
        plot_lds_against_seconds.plot_lds_against_seconds(str(table), KNOWN, 0.75, STYLE, 60, "a.png")


def test_the_noise_floor_and_its_root_are_lines(table, kept):
    plot_lds_against_seconds.plot_lds_against_seconds(str(table), KNOWN, 0.5, STYLE, 60, "a.png")
    heights = {
        axes._left_title.get_text(): [float(line.get_ydata()[0]) for line in axes.lines if line.get_ls() in ("--", ":")]
        for axes in kept[0].axes
    }
    assert heights["toy, a: fixed, 100 subsets"] == []
    assert heights["toy, a: averaged, 100 subsets, 3 trainings each"] == pytest.approx([0.7, 0.8])


def test_embeddings_have_a_line_a_method_but_for_the_datamodels_themselves(tmp_path, kept):
    rows = [
        ["toy", "a", "fixed", 1, name, count, 0.9, 0.8, 1.0]
        for name in (*METHODS, "datamodel-ridge") for count in (50, 100, 200)
    ]  # fmt: skip
    rows += [["toy", "a", "fixed", 1, looks.FLOOR, count, 0.4, 0.3, 0.5] for count in (50, 100)]
    columns = "dataset,model,truth,models,method,subsets,agreement,low,high".split(",")
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "a.csv", index=False)
    known = KNOWN | {"datamodel-ridge": ["retraining", False]}
    plot_embeddings_against_subsets.plot_embeddings_against_subsets(str(tmp_path / "a.csv"), known, STYLE, 60, "a.png")
    (drawn,) = kept
    (axes,) = drawn.axes
    assert [text.get_text() for text in axes.texts] == [f"0.90 ±0.10  {name}" for name in METHODS]
    floor = [line for line in axes.lines if line.get_ls() == "--" and len(line.get_xdata()) == 2]
    assert list(floor[0].get_xdata()) == [50, 100] and list(floor[0].get_ydata()) == [0.4, 0.4]
    assert "datamodels on as many other subsets" in [text.get_text() for text in drawn.legends[0].get_texts()]
    drawn.draw_without_rendering()
    boxes = [text.get_window_extent() for text in (*axes.texts, axes.xaxis.label)]
    boxes.append(drawn.legends[0].get_window_extent())
    assert not [(a, b) for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]


def test_ends_are_the_largest_and_the_smallest_and_share_no_point():
    positive, negative = ends.order(np.array([0.5, -2.0, 3.0, 1.0, -1.0]), 2)
    assert (list(positive), list(negative)) == ([2, 3], [1, 4])
    positive, negative = ends.order(np.array([0.5, -2.0, 3.0]), 5)
    assert (list(positive), list(negative)) == ([2], [1])


@pytest.fixture
def images(tmp_path):
    """data.h5 of 12 training and 5 test images, attributions of 4 of these, and a table of agreement."""
    rng = np.random.default_rng(2)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        for part, count in (("train", 12), ("test", 5)):
            file[f"x_{part}"] = rng.integers(0, 255, (count, 6, 6, 3), dtype=np.uint8)
            file[f"y_{part}"] = np.arange(count) % 2
        file.attrs["class_names"] = ["cat", "dog"]
    with h5py.File(tmp_path / "pairs.h5", "w") as file:
        file["targets"], file["pairs"] = np.array([0, 1, 3, 4]), rng.normal(size=(4, 12))
    rows = [["toy", "a", name, count, 0.5, 0.4, 0.6] for name in ("kfac", "datamodel-ridge") for count in (50, 100)]
    columns = ["dataset", "model", "method", "subsets", "agreement", "low", "high"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "table.csv", index=False)
    return tmp_path


def test_a_target_is_shown_with_the_images_at_both_ends(images, kept):
    plot_attributed_points.plot_attributed_points(
        str(images / "data.h5"), str(images / "pairs.h5"), "kfac", [2], 3, STYLE, 60, "a.png"
    )
    with h5py.File(images / "pairs.h5") as file, h5py.File(images / "data.h5") as data:
        scores, x, target = file["pairs"][2], data["x_train"][()], data["x_test"][3]
    shown = [np.asarray(image.get_array()) for image in kept[0].axes[0].images]
    order = np.argsort(-scores)
    expected = [target, *x[order[:3]], *x[order[::-1][:3]]]
    assert all(np.array_equal(a, b) for a, b in zip(shown, expected, strict=True))
    texts = [text.get_text() for text in kept[0].axes[0].texts]
    assert texts[0] == "test image 3\ndog" and f"{scores.max():+.2g}" in texts[1]


def test_a_target_that_is_not_there_is_named(images):
    with pytest.raises(ValueError, match=r"truth.shown.targets has 4, but .* holds 4 test points, from 0"):
        plot_attributed_points.plot_attributed_points(
            str(images / "data.h5"), str(images / "pairs.h5"), "kfac", [0, 4], 3, STYLE, 60, "a.png"
        )


def test_components_of_the_method_take_the_signs_of_the_datamodels(images, kept):
    """Nearly the same attributions, but the largest coordinate is at the other end: alone their signs would differ."""
    directions, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(12, 2)))
    second = [0, 0, 0.5, -0.5]
    for name, first in (("pairs", [3, -2.9, -0.05, -0.05]), ("other", [2.9, -3, 0.05, 0.05])):
        with h5py.File(images / f"{name}.h5", "w") as file:
            file["targets"], file["pairs"] = np.array([0, 1, 3, 4]), np.stack([first, second], axis=1) @ directions.T
    plot_attribution_components.plot_attribution_components(
        str(images / "data.h5"), str(images / "pairs.h5"), str(images / "other.h5"), str(images / "table.csv"), "kfac",
        2, STYLE, 60, "a.png",
    )  # fmt: skip
    planes = [axes for axes in kept[0].axes if axes.get_xlabel().startswith("component 1")]
    above, below = (np.concatenate([part.get_offsets() for part in axes.collections]) for axes in planes)
    assert np.allclose(np.abs(above).max(axis=0), [3, 0.5]) and ((above * below).sum(axis=0) > 0).all()


@pytest.fixture
def border(tmp_path):
    """Smoothness and scores of two trainings, joined by the rule's script."""
    smooth, scores = [], []
    for model, (even, lds) in {"a": (0.9, 0.8), "b": (-0.4, 0.1)}.items():
        first, second = tmp_path / f"smooth-{model}.csv", tmp_path / f"lds-{model}.csv"
        pd.DataFrame({
            "dataset": "toy", "model": model, "points": 100, "epochs": 8, "steps": 16, "train_accuracy": 0.9,
            "test_accuracy": 0.8, "growth": 1.0, "alpha": [0.5, 0.9], "metasmoothness": [even, even + 0.05],
        }).to_csv(first, index=False)  # fmt: skip
        rows = [
            ["toy", model, "fixed", 1, 40, alpha, name, score, score - 0.1, score + 0.1, 1.0, 700.0]
            for alpha in (0.5, 0.9) for name, score in (("metagradient", lds), ("trak", 0.3), ("random", 0.0))
        ]  # fmt: skip
        pd.DataFrame(rows, columns=COLUMNS).to_csv(second, index=False)
        smooth.append(str(first))
        scores.append(str(second))
    path = tmp_path / "border.csv"
    map_border.map_border(smooth, scores, str(path))
    return path


def test_border_joins_each_training_with_its_own_scores(border):
    rows = pd.read_csv(border)
    assert len(rows) == 2 * 2 * 3
    exact = rows[(rows.method == "metagradient") & (rows.alpha == 0.9)].set_index("model")
    assert exact.loc["a", ["metasmoothness", "lds"]].tolist() == pytest.approx([0.95, 0.8])
    assert exact.loc["b", ["metasmoothness", "lds"]].tolist() == pytest.approx([-0.35, 0.1])


def test_figure_of_the_border_shows_every_score_and_refuses_what_it_cannot_compare(border, kept, tmp_path):
    plot_border.plot_border(str(border), STYLE, 100, str(tmp_path / "a.png"))
    texts = [text.get_text() for axes in kept[0].axes[:2] for text in axes.texts]
    assert texts == ["0.80", "0.80", "0.10", "0.10", *["0.30"] * 4]
    assert kept[0].axes[2].get_title().endswith("0.89")  # tied scores
    rows = pd.read_csv(border)
    rows[rows.method == "metagradient"].to_csv(border, index=False)
    with pytest.raises(ValueError, match=r"has the methods metagradient; this figure compares .* methods.lds"):
        plot_border.plot_border(str(border), STYLE, 100, "")
