"""What a page is made of: chosen points, maps, samples and the file itself, on closed forms."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from snakemake.iocontainers import Wildcards

import explored_run
from attribution import results
from attribution.data.own_rows import Own
from attribution.explore import chosen, content, maps, page, samples, sheets
from attribution.files import hdf5
from attribution.influence import inverse_files
from attribution.workflow.stages import answers
from helpers import CONFIG


def data_of(text: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_named_points_are_on_the_page_and_the_others_are_of_all_classes_by_their_shares():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    found = chosen.choose(labels, [np.array([999, 5]), np.array([5])], 102, 0)
    assert len(found) == len(set(found)) == 102 and {5, 999} <= set(found) and (np.diff(found) > 0).all()
    assert list(np.bincount(labels[np.setdiff1d(found, [5, 999])])) == [60, 30, 10]
    np.testing.assert_array_equal(found, chosen.choose(labels, [np.array([999, 5])], 102, 0))
    assert list(chosen.choose(labels[:9], [], 9, 0)) == list(range(9))
    assert list(chosen.choose(labels, [np.arange(7)], 3, 0)) == list(range(7))


def test_cosines_are_those_of_gradients_whitened_by_the_inverse_hessian(explored):
    files = explored.files
    h, r = hdf5.read(files["gradients"], "features_train", "residuals_train")
    (lower,), (own,) = hdf5.read(files["hessian"], "cholesky"), hdf5.read(files["influence"], "self_influence")
    white = np.linalg.solve(lower, np.einsum("id,ic->idc", h, r).reshape(len(h), -1).T).T
    white /= np.linalg.norm(white, axis=1, keepdims=True)
    found = maps.cosines(h, r, own, inverse_files.open_inverse(files, {}))
    np.testing.assert_allclose(found, white @ white.T, atol=1e-9)
    places, closeness = maps.alike(found, 3)
    for i in range(len(h)):
        others = sorted((j for j in range(len(h)) if j != i), key=lambda j: -(white[i] @ white[j]))[:3]
        assert list(places[i]) == others
    np.testing.assert_allclose(closeness, np.take_along_axis(white @ white.T, places, axis=1), atol=1e-9)
    # the same components, but for their signs, and the same share of the variance
    exact = PCA(2).fit(white)
    placed = maps.of_kernel("", found, 0)
    np.testing.assert_allclose(np.abs(placed.xy), np.abs(exact.transform(white)), atol=1e-6)
    assert placed.kept == pytest.approx(exact.explained_variance_ratio_.sum(), abs=1e-6)


def test_a_point_without_gradient_is_like_none():
    h, r = np.ones((3, 2)), np.array([[1.0], [0.0], [-1.0]])
    found = maps.cosines(h, r, np.array([2.0, 0.0, 2.0]), lambda v: v)
    np.testing.assert_allclose(found, [[1, 0, -1], [0, 0, 0], [-1, 0, 1]], atol=1e-12)


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_the_sheet_holds_every_image_in_its_place_as_it_is():
    images = np.random.default_rng(0).integers(0, 256, (53, 5, 7, 3), dtype=np.uint8)
    sheet = samples.sheets(images)
    (whole,) = map(pixels, sheet["uris"])
    assert (sheet["columns"], sheet["rows"], sheet["width"], sheet["height"]) == (50, [2], 7, 5)
    for i, image in enumerate(images):
        row, column = divmod(i, 50)
        np.testing.assert_array_equal(whole[5 * row : 5 * row + 5, 7 * column : 7 * column + 7], image)
    large = samples.sheets(np.zeros((2, 100, 200), dtype=np.float32))
    assert (large["width"], large["height"]) == (64, 32)


def test_another_sheet_begins_where_a_picture_can_hold_no_more():
    # as many images of 64 pixels as fit below each other, and 60 more; what is empty takes no time
    count = 50 * (16383 // 64) + 60
    images = np.zeros((count, 64, 64), dtype=np.uint8)
    images[-1], images[count - 61] = 255, 128
    sheet = samples.sheets(images)
    first, second = map(pixels, sheet["uris"])
    assert sheet["rows"] == [255, 2] and (len(first), len(second)) == (255 * 64, 128)
    # the last of each sheet, in its place
    assert first[-64:, 49 * 64 :, 0].min() > 120 and first[:-64, :, 0].max() < 8
    assert second[64:, 9 * 64 : 10 * 64, 0].min() > 250 and second[:64, :, 0].max() < 8


def test_rows_are_shown_by_their_first_numbers_and_texts_up_to_a_length():
    assert samples.texts(np.array([[1.0, -0.25]]), None) == ["x1 1, x2 -0.25"]
    assert samples.texts(np.array([[1.0, -0.25]]), None, ["ash", "hue"]) == ["ash 1, hue -0.25"]
    assert samples.texts(np.zeros((1, 14)), None)[0].endswith("x12 0, ... (14 numbers)")
    assert samples.texts(np.zeros((2, 3)), np.array(["a", "b" * 700])) == ["a", "b" * 600 + " ..."]
    assert [samples.clipped("one two three", most) for most in (13, 12, 7, 5)] == [
        "one two three", "one two thre ...", "one two ...", "one t ..."
    ]  # fmt: skip
    assert samples.texts(np.zeros((1, 4, 4), dtype=np.uint8), None) == [""]


def test_what_the_data_say_ends_no_script_and_numbers_that_are_none_are_null():
    files = explored_run.TEMPLATE
    words = "</script><script>alert(1)</script><!-- <script>"
    text = page.render(files, "<b>", {"words": words, "value": [np.nan, 1 / 3], "big": np.arange(2)}, {"a.csv": b"1,2"})
    assert data_of(text) == {"words": words, "value": [None, 0.333333], "big": [0, 1]}
    assert text.count("<script") == 4 and "<title>&lt;b&gt;</title>" in text and "alert(1)</script>" not in text
    # nothing of what is put in is looked at as a place
    assert data_of(page.render(files, "", {"words": "{{ script }}"}, {})) == {"words": "{{ script }}"}


def test_a_template_without_a_place_is_named(tmp_path):
    (tmp_path / "page.html").write_text("{{ title }}")
    (tmp_path / "page.css").write_text("")
    with pytest.raises(ValueError, match=r"page.html has no place \{\{ data \}\}"):
        page.render(list(tmp_path.iterdir()), "", {}, {})


def test_the_page_has_the_points_that_its_lists_name_and_the_measured_removals(explored):
    data = data_of(explored.page.read_text())
    assert len(data["points"]["row"]) == explored_run.SETTINGS["points"] and data["count"] == 60
    places = {i for target in data["targets"] for ends in target["methods"].values()
              for pairs in ends.values() for i, _ in pairs}  # fmt: skip
    assert min(places) >= 0 and min(data["labels"]["points"]) >= 0
    assert min(i for sheet in data["sheets"] for i in sheet["central"]) >= 0
    assert [sheet["size"] for sheet in data["sheets"]] == [9, 9, 20, 40]
    assert data["sheets"][2]["removal"] == [
        ["loss on the part itself, retrained without it (fixed)", 0.6],
        ["loss on the other parts, the same (fixed)", 0.2],
    ]
    assert data["sheets"][3]["mix"] == [0.0, 0.5, 0.5]
    # as many names as there are values, and a part for each point
    parts = next(colour for colour in data["colours"] if colour["name"] == "parts by kernel")
    labels = explored.arrays["y_train"][data["points"]["index"]]
    assert parts["values"] == list(np.where(labels == 0, 0, 1)) and parts["names"] == ["part 0", "part 1"]


def test_points_are_placed_by_attributions_and_datamodels_too(explored):
    data = data_of(explored.page.read_text())
    places = {each["name"]: each for each in data["maps"]}
    assert list(places)[-2:] == ["what tracin says of test points", "datamodels, retrain-alpha0.5-k50"]
    # of two numbers a point those, of one a line
    tracin, weights = (values[:, data["points"]["index"]] for values in explored.maps.values())
    found, line = (places[name] for name in list(places)[-2:])
    np.testing.assert_allclose([found["x"], found["y"], line["x"]], [*tracin, *weights], rtol=1e-3, atol=1e-3)
    assert set(line["y"]) == {0} and found["kept"] == line["kept"] == 1


def test_the_page_takes_what_is_there_of_these(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = Path("results/toy/mlp-l2/seed0")
    taken = ["attributions/tracin.h5", "datamodels/retrain-alpha0.5-k50.h5"]
    taken += ["retraining/groups-0.h5", "retraining/named.h5", "truth/fixed-groups-0.h5"]
    none = ["attributions/trak.h5", "datamodels/shuffled-alpha0.5-k50.h5", "truth/fixed-alpha0.5-0.h5"]
    for name in (*taken, *none):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()
    found = answers.shown(CONFIG, Wildcards(fromdict={"dataset": "toy", "model": "mlp-l2", "seed": "0"}))
    assert found == [str(home / name) for name in ("groups.h5", *taken)]


def test_a_sheet_shows_a_group_as_far_as_where_it_stopped(explored, tmp_path):
    shutil.copy(explored.home / "groups.h5", tmp_path)
    with h5py.File(tmp_path / "groups.h5", "r+") as file:
        file["3"].attrs.update({"stop": "gap", "stopped": 4})
        members, influence = file["3/members"][()], file["3/normalised_influence"][()]
    own = results.open(explored.home)["data.h5"]
    run = {"data.h5": own, "groups.h5": results.open(tmp_path)["groups.h5"]}
    labels = explored.arrays["y_train"]
    rows = explored.arrays["index_train"]
    points = Own(rows, np.array(["" if row % 2 else f"img-{row}" for row in rows], dtype=object))
    (sheet, whole) = sheets.of_groups(run, points, labels, ["cat", "dog", "ship"], 5)
    for found, seed in ((sheet, 3), (whole, 8)):
        name = f"row {rows[seed]}" if rows[seed] % 2 else f"img-{rows[seed]}"
        assert found["name"].endswith(f", {name}"), found["name"]
    assert list(sheet["members"]) == list(sheet["central"]) == list(members[:4]) and whole["size"] == 9
    assert sheet["size"] == 4 and sheet["influence"] == influence[3]
    assert sheet["mix"] == [round(share, 4) for share in np.bincount(labels[members[:4]], minlength=3) / 4]
    assert ["stopped by", "gap, at 4 of 9 members"] in sheet["facts"]
    peak = int(influence.argmax()) + 1
    assert ["its largest value", f"{influence.max():.4g}, at {peak} member{'s' * (peak > 1)}"] in sheet["facts"]


def test_a_row_of_a_table_that_is_no_point_is_said():
    with pytest.raises(ValueError, match=r"row 7 of suspicious.csv is no point of data.h5"):
        content.positions(np.array([3, 5]), np.array([5, 7]), "suspicious.csv")
    assert list(content.positions(np.array([3, 5]), np.array([5, 3, 5]), "")) == [1, 0, 1]
