"""Figures of what a user reads, of every kind of data: they show the rows of the tables, and refuse odd classes."""

import numpy as np
import pandas as pd
import pytest

import plot_confusion
import plot_explanations
import plot_suspicious
from answers_run import NAMES
from attribution.answers import confusion, explanations, reading
from attribution.drawing import samples
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.results import csv_tables
from helpers import ROOT

STYLE = str(ROOT / "config/figures.mplstyle")
ROWS = np.array([14, 3, 27, 8, 11, 20])
KINDS = {
    samples.PLANE: (2,), samples.IMAGES: (4, 4), samples.NUMBERS: (5,), samples.ITEMS: (9,),
}  # fmt: skip


@pytest.fixture
def kept(monkeypatch):
    """Figures as they are when they would be saved."""
    found = []
    monkeypatch.setattr(drawing, "save", lambda figure, path, dpi: found.append(figure))
    return found


@pytest.fixture(params=KINDS)
def files(request, tmp_path):
    """Six training and four test points of one kind, with both tables."""
    rng, shape, arrays = np.random.default_rng(0), KINDS[request.param], {}
    for part, n, rows in (("train", 6, ROWS), ("test", 4, 30 + np.array([5, 2, 9, 0]))):
        arrays |= {f"x_{part}": rng.random((n, *shape)), f"y_{part}": np.arange(n) % 3, f"index_{part}": rows}
        if request.param == samples.ITEMS:
            arrays[f"items_{part}"] = np.array([f"the {i}th $text of {part}" for i in range(n)], dtype=object)
    hdf5.write(tmp_path / "data.h5", arrays, {"class_names": NAMES, "rows_train": 30})
    first = {"row": ROWS, "id": "", "label": np.array(NAMES)[arrays["y_train"]], "suggested": "cow"}
    ranked = {"score_loss": -np.arange(6), "rank_loss": range(1, 7), "score_margin": np.arange(6), "rank_margin": 0}
    table = pd.DataFrame(first | ranked).assign(rank_margin=range(6, 0, -1))
    table.to_csv(tmp_path / "suspicious.csv", index=False)
    lines = [
        [target, "", "ant", "bee", -1.5, method, direction, rank, row, f"id {row}" if row == 8 else "", "bee", 0.25]
        for target in (9, 5) for method in ("last-layer", "trak") for direction in ("helpful", "harmful")
        for rank, row in ((1, 8), (2, 14))
    ]  # fmt: skip
    pd.DataFrame(lines, columns=explanations.COLUMNS).to_csv(tmp_path / "explanations.csv", index=False)
    return request.param, tmp_path


def words(figure):
    return [text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text")) if text.get_text()]


def test_suspicious_points_are_shown_with_their_rows_by_each_method(files, kept):
    kind, folder = files
    plot_suspicious.plot_suspicious(
        str(folder / "data.h5"), str(folder / "suspicious.csv"), "all", 2, STYLE, 60, "a.png"
    )
    said = "\n".join(words(kept[0]))
    assert "most suspicious by loss" in said and "most suspicious by margin" in said
    # the first two by the loss, and the last two, which are the first by the margin
    assert all(f"row {row}" in said for row in (14, 3, 20, 11)) and not any(f"row {row}" in said for row in (27, 8))
    if kind == samples.ITEMS:
        assert "the 0th $text of train" in said and "the 5th $text of train" in said
    kept[0].canvas.draw()


def test_suspicious_points_of_named_classes(files, kept):
    _, folder = files
    arguments = (str(folder / "data.h5"), str(folder / "suspicious.csv"))
    plot_suspicious.plot_suspicious(*arguments, ["cow"], 1, STYLE, 60, "a.png")
    said = "\n".join(words(kept[0]))
    assert "labelled cow, by loss" in said and "row 27" in said and "row 20" not in said
    with pytest.raises(ValueError, match=r"answers.suspicious.classes names 'dog', which is no class of the data"):
        plot_suspicious.plot_suspicious(*arguments, ["dog"], 1, STYLE, 60, "a.png")


def test_explanations_show_targets_in_the_order_of_the_table(files, kept):
    kind, folder = files
    arguments = (str(folder / "data.h5"), str(folder / "explanations.csv"))
    for shown in (1, 2):
        plot_explanations.plot_explanations(*arguments, shown, STYLE, 60, "a.png")
    first, both = ("\n".join(words(figure)) for figure in kept)
    assert "test row 9" in first and "test row 5" not in first and "test row 5" in both
    assert "taken for bee" in first and "last-layer" in first and "trak" in first
    if kind != samples.PLANE:
        assert "id 8" in first and "row 14" in first and "row 8" not in first
    if kind == samples.ITEMS:
        assert "the 2th $text of test" in first and "the 3th $text of train" in first
    kept[1].canvas.draw()


def test_images_and_places_are_those_of_the_rows(kept, tmp_path):
    """Of 4 training images, each of one grey, that of the row is drawn."""
    x = np.repeat(np.arange(4, dtype=np.uint8), 4).reshape(4, 2, 2)
    arrays = {"x_train": x, "y_train": [0, 1, 2, 0], "index_train": [7, 5, 6, 4], "x_test": x, "y_test": [0, 1, 2, 0]}
    hdf5.write(tmp_path / "data.h5", arrays, {"class_names": NAMES, "rows_train": 30})
    lines = [[2, "", "ant", "bee", -1.0, "trak", "helpful", 1, 6, "", "bee", 0.5]]
    pd.DataFrame(lines, columns=explanations.COLUMNS).to_csv(tmp_path / "a.csv", index=False)
    plot_explanations.plot_explanations(str(tmp_path / "data.h5"), str(tmp_path / "a.csv"), 1, STYLE, 60, "a.png")
    target, point = (image.get_array() for image in kept[0].axes[0].images)
    assert (np.unique(target), np.unique(point)) == ([2], [2])


def test_numbers_of_a_table_are_named_and_names_are_cut_where_one_sees_it(kept, tmp_path):
    x = np.array([[3607.4, 1.0], [0.25, 0.0]])
    arrays = {"x_train": x[:, [0, 1, 1]], "y_train": [0, 1], "index_train": [7, 5], "x_test": x, "y_test": [0, 1]}
    arrays["x_test"], long = x[:, [0, 1, 1]], "a class of a long name that goes on"
    facts = {"class_names": [long, "bee"], "rows_train": 30, "columns": ["speed_m_s", "site=north", "site=south"]}
    hdf5.write(tmp_path / "data.h5", arrays, facts)
    row = {"row": [7], "id": "an id of a great length as well", "label": long, "suggested": "bee", "score_a": 1.0}
    pd.DataFrame(row | {"rank_a": 1}).to_csv(tmp_path / "a.csv", index=False)
    plot_suspicious.plot_suspicious(str(tmp_path / "data.h5"), str(tmp_path / "a.csv"), "all", 1, STYLE, 60, "a.png")
    said = words(kept[0])
    assert "speed_m_s, site=north, site=south" in said and "3607, 1, 1" in said
    assert "a class of a long name …" in said and "an id of a great length…" in said
    lines = [[0, "", "bee", long, -1.0, name, "helpful", 1, 7, "", long, 0.5] for name in ("trak", "l-relative")]
    pd.DataFrame(lines, columns=explanations.COLUMNS).to_csv(tmp_path / "b.csv", index=False)
    plot_explanations.plot_explanations(str(tmp_path / "data.h5"), str(tmp_path / "b.csv"), 1, STYLE, 60, "a.png")
    said = words(kept[1])
    assert any(text.startswith("test row") and "speed_m_s 3607" in text for text in said)
    assert "+0.5 row 7, a class of a …: 3607, 1, 1" in said


def test_names_that_look_like_numbers_or_nothing_stay_names(tmp_path):
    (tmp_path / "a.csv").write_text("row,id,label,suggested,score_a,rank_a\n3,,NA,1,0.5,1\n4,007,1,NA,,\n")
    found = csv_tables.read(tmp_path / "a.csv")
    assert found.label.tolist() == ["NA", "1"] and found.id.tolist() == ["", "007"]
    assert np.isnan(found.score_a[1]) and reading.name(4, "007") == "007" and reading.name(3, "") == "row 3"
    assert reading.class_name("7") == "class 7" and reading.class_name("cat") == "cat"


@pytest.mark.parametrize("classes", [3, 60])
def test_the_matrix_is_drawn_with_few_and_with_many_classes(kept, tmp_path, classes):
    names = [f"{i}" for i in range(classes)]
    matrix = np.random.default_rng(0).integers(0, 9, (classes, classes))
    matrix[1] = 0
    confusion.long(matrix, names).to_csv(tmp_path / "c.csv", index=False)
    worth = confusion.recall(matrix, np.arange(classes), names, 0.95)
    worth.to_csv(tmp_path / "r.csv", index=False)
    plot_confusion.plot_confusion(str(tmp_path / "c.csv"), str(tmp_path / "r.csv"), STYLE, 60, "a.png")
    shares = kept[0].axes[0].images[0].get_array()
    np.testing.assert_allclose(shares, matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1))
    drawn = [text.get_text() for text in kept[0].axes[0].texts]
    assert drawn == ([str(count) for count in matrix.ravel() if count] if classes == 3 else [])
    kept[0].canvas.draw()
