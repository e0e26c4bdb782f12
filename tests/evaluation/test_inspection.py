"""Inspection for flipped labels: curves on closed forms, ties, chance, bootstrap, the scripts on real files."""

import re
import subprocess
import sys
from pathlib import Path

import h5py
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import gather_inspection
import map_boundary_move
import measure_inspection
import plot_boundary_move
import plot_boundary_points
import plot_boundary_solved
import plot_inspection
from attribution.boundary import move_all_layers, points_all_layers
from attribution.boundary import points as boundary
from attribution.data import toy
from attribution.evaluation import inspection
from attribution.files import hdf5
from attribution.files.results.boundary import INDEX
from attribution.files.results.data import FLIPPED_TRAIN, ORIGINAL_Y_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.decision_boundary import GRID_X, GRID_Y, LOGITS_GRID
from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN, PARAMETERS, RESIDUALS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.influence import points as influence
from attribution.methods import base, writing
from attribution.methods.run import Run
from attribution.numerics import hessian, residuals, solvers
from attribution.workflow import registry
from helpers import ROOT

pytestmark = pytest.mark.slow

DRAWS = {"shares": [0.1, 0.2, 0.3], "neighbours": 5, "baseline": "self-influence", "resamples": 200, "level": 0.95,
         "seed": 0}  # fmt: skip
METHODS = ["boundary", "boundary-signed", "boundary-label", "self-influence", "margin", "loss", "embedding-neighbours"]
DISCS = [
    {"name": "left", "class": "red", "centre": [-2.0, 0.0], "radius": 1.0, "train": 60, "test": 6},
    {"name": "right", "class": "red", "centre": [2.0, 0.0], "radius": 1.0, "train": 60, "test": 6},
    {"name": "blue", "class": "blue", "centre": [0.0, 0.0], "radius": 1.0, "train": 120, "test": 12},
]


def test_a_curve_is_the_counts_written_out():
    flipped = np.array([0, 1, 0, 1, 0, 0, 0, 0, 1, 0], dtype=bool)
    score = np.array([1, 9, 8, 7, 3, 2, 0, 4, 5, 6], dtype=float)
    shares = np.arange(11) / 10
    by_hand = [0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3]
    np.testing.assert_allclose(inspection.found(inspection.order(score), flipped, shares)[:-1], np.array(by_hand) / 3)


def test_the_area_is_that_of_the_roc_curve_also_with_ties():
    rng = np.random.default_rng(0)
    flipped = rng.random(300) < 0.2
    for score in (rng.normal(size=300) + flipped, rng.integers(0, 4, 300) + flipped * 1.0, np.zeros(300)):
        area = inspection.found(inspection.order(score), flipped, np.array([]))[-1]
        p = flipped.mean()
        assert area == pytest.approx(p / 2 + (1 - p) * roc_auc_score(flipped, score), abs=1e-12)


def test_ties_give_the_mean_over_random_orders():
    rng = np.random.default_rng(1)
    flipped, score, shares = rng.random(60) < 0.3, rng.integers(0, 3, 60).astype(float), np.arange(61) / 60
    tied = inspection.found(inspection.order(score), flipped, shares)
    drawn = [inspection.found(inspection.order(score + 1e-3 * rng.random(60)), flipped, shares) for _ in range(4000)]
    np.testing.assert_allclose(np.mean(drawn, axis=0), tied, atol=0.02)


def test_the_order_of_points_and_the_scale_of_a_score_do_not_matter():
    rng = np.random.default_rng(2)
    flipped, score, shares = rng.random(80) < 0.3, rng.integers(0, 9, 80).astype(float), np.linspace(0, 1, 7)
    found = inspection.found(inspection.order(score), flipped, shares)
    moved = rng.permutation(80)
    for other, mask in ((score[moved], flipped[moved]), (np.exp(score), flipped)):
        np.testing.assert_allclose(inspection.found(inspection.order(other), mask, shares), found, atol=1e-12)


def test_weights_count_points_as_often_as_copies_would():
    rng = np.random.default_rng(3)
    flipped, score, shares = rng.random(50) < 0.4, rng.integers(0, 20, 50).astype(float), np.linspace(0, 1, 11)
    times = rng.integers(0, 4, 50)
    copies = np.repeat(np.arange(50), times)
    np.testing.assert_allclose(
        inspection.found(inspection.order(score), flipped, shares, times),
        inspection.found(inspection.order(score[copies]), flipped[copies], shares),
        atol=1e-12,
    )


def test_chance_is_what_random_orders_give():
    n, flips, shares = 400, 40, np.array([0.1, 0.5])
    value, low, high = inspection.chance(n, flips, shares, 0.9)
    rng, flipped = np.random.default_rng(5), np.arange(n) < flips
    drawn = np.array([inspection.found(inspection.order(rng.random(n)), flipped, shares) for _ in range(3000)])
    np.testing.assert_allclose(drawn.mean(axis=0), value, atol=0.01)
    np.testing.assert_allclose(np.percentile(drawn, 5, axis=0), low, atol=0.03)
    np.testing.assert_allclose(np.percentile(drawn, 95, axis=0), high, atol=0.03)


def test_intervals_hold_the_truth_as_often_as_they_say():
    shares, held = np.array([0.2]), []
    rng = np.random.default_rng(6)
    # the truth: scores normal, those of flipped points one higher
    many = np.arange(200_000) < 40_000
    truth = inspection.found(inspection.order(rng.normal(size=len(many)) + many), many, shares)
    for draw in range(150):
        flipped = np.arange(250) < 50
        score = [[inspection.order(rng.normal(size=250) + flipped)]]
        result = inspection.curves(score, flipped, shares, 0, DRAWS | {"level": 0.9, "seed": draw})
        held.append((result.low[0] <= truth) & (truth <= result.high[0]))
    # 0.9 within four standard errors of 150 draws
    assert (np.abs(np.mean(held, axis=0) - 0.9) < 0.1).all(), np.mean(held, axis=0)


def test_too_few_flips_are_refused_in_one_sentence():
    flipped = np.arange(9) < 1
    with pytest.raises(ValueError, match="1 of 9 labels are flipped; intervals need two of each kind"):
        inspection.curves([[inspection.order(np.arange(9.0))]], flipped, np.array([0.5]), 0, DRAWS)
    with pytest.raises(ValueError, match="2 scores are NaN"):
        inspection.order(np.array([1.0, np.nan, np.nan]))


def write_run(folder, labels=None):
    """Files of a run of the toy set with flipped labels, whose network is one hidden layer fitted in closed form."""
    arrays = toy.draw(DISCS, ["blue", "red"], 0.1, 0, 0.15)
    if labels is not None:
        arrays[FLIPPED_TRAIN] = labels(arrays[FLIPPED_TRAIN])
    data = folder / "data.h5"
    hdf5.write(data, arrays, {"class_names": ["blue", "red"]})
    x, y = arrays[X_TRAIN], arrays[Y_TRAIN]
    hidden = np.random.default_rng(0).normal(size=(3, 12))
    h = np.concatenate([np.maximum(np.c_[x, np.ones(len(x))] @ hidden, 0), np.ones((len(x), 1))], axis=1)
    weights = np.linalg.solve(h.T @ h + 1e-2 * np.eye(13), h.T @ (4.0 * y - 2))[:, None]
    logits = h @ weights
    r = residuals.residuals(logits, y)
    lower = hessian.factor(hessian.hessian_sum(h, logits) / len(h), 1e-3)
    own, step = influence.self_influence(h, r, lambda b: solvers.exact(lower, b))
    hdf5.write(
        folder / "gradients.h5",
        {FEATURES_TRAIN: h, LOGITS_TRAIN: logits, RESIDUALS_TRAIN: r,
         PARAMETERS: weights.ravel()},
        {},
    )  # fmt: skip
    hdf5.write(folder / "influence.h5", {SELF_INFLUENCE: own, STEP_NORM: step}, {})
    scores = boundary.closed_form(h, weights)._asdict() | {INDEX: np.arange(len(h))}
    hdf5.write(folder / "boundary.h5", scores, {"norm": "l2", "scope": "last_layer"})
    return {name: folder / f"{name}.h5" for name in ("data", "gradients", "influence", "boundary")}


def measured(folder, files, settings=DRAWS):
    run = Run(files, {"inspection.neighbours": settings["neighbours"]})
    for name in METHODS:
        path = folder / "scores" / f"{name}.h5"
        writing.write_scores(name, base.resolve(registry.METHODS[name]), run, path, {})
    measure_inspection.measure_inspection(
        files["data"], {name: folder / "scores" / f"{name}.h5" for name in METHODS}, settings,
        folder / "inspection.h5", folder / "inspection.csv", {},
    )  # fmt: skip
    return pd.read_csv(folder / "inspection.csv", keep_default_na=False)


def test_flipped_labels_of_the_toy_set_are_found_and_permuted_ones_are_not(tmp_path):
    found = measured(tmp_path, write_run(tmp_path))
    plain = found[found.baseline == ""].set_index(["method", "metric"])
    for method in ("boundary-signed", "self-influence", "margin", "loss", "embedding-neighbours"):
        assert plain.low[method, "found@20%"] > plain.high["random", "found@20%"], method
    assert list(found[found.baseline != ""].method.unique()) == [
        "boundary", "boundary-signed", "boundary-label", "margin", "loss", "embedding-neighbours",
    ]  # fmt: skip
    # two classes: one order
    assert plain.value["margin", "area"] == pytest.approx(plain.value["loss", "area"], abs=1e-12)
    # control: of wrongly named points no method finds more than chance
    control = tmp_path / "control"
    control.mkdir()
    rng = np.random.default_rng(1)
    by_chance = measured(control, write_run(control, rng.permutation), DRAWS | {"level": 0.999})
    plain = by_chance[by_chance.baseline == ""].set_index(["method", "metric"])
    for method in plain.index.get_level_values(0).unique():
        for metric in inspection.metrics(DRAWS["shares"]):
            assert plain.low["random", metric] <= plain.value[method, metric] <= plain.high["random", metric], method


def test_only_points_with_an_index_are_inspected_and_their_unsolved_ones_counted(tmp_path):
    files = write_run(tmp_path)
    score, solved, steps, target = hdf5.read(files["boundary"], "score", "solved", "steps", "target")
    index = np.flatnonzero(np.arange(len(score)) % 3 > 0)
    score[index[:4]], solved[index[:4]] = np.nan, False
    chosen = {"score": score, "solved": solved, "steps": steps, "target": target}
    hdf5.write(files["boundary"], {name: a[index] for name, a in chosen.items()} | {"index": index}, {})
    measured(tmp_path, files)
    flipped, suspicious = hdf5.read(tmp_path / "inspection.h5", "flipped", "suspicion/boundary")
    np.testing.assert_array_equal(flipped, hdf5.read(files["data"], FLIPPED_TRAIN)[0][index])
    assert hdf5.attributes(tmp_path / "inspection.h5")["unsolved"] == 4
    assert np.isneginf(suspicious[:4]).all() and np.isfinite(suspicious[4:]).all()


def test_data_without_flips_are_refused(tmp_path):
    files = write_run(tmp_path)
    with h5py.File(files["data"], "a") as file:
        del file[FLIPPED_TRAIN]
    with pytest.raises(ValueError, match=r"has no flipped labels.*ask for suspicious.csv of the run, or set"):
        measured(tmp_path, files)


def test_seeds_are_averaged_and_of_one_seed_the_table_is_its_own(tmp_path):
    files = write_run(tmp_path)
    own = measured(tmp_path, files)
    gather_inspection.gather_inspection([tmp_path / "inspection.h5"], DRAWS, tmp_path / "one.csv")
    one = pd.read_csv(tmp_path / "one.csv", keep_default_na=False)
    for name in ("value", "low", "high"):
        values = one.set_index(["method", "metric", "baseline"])[name]
        expected = own[own.method != "random"].set_index(["method", "metric", "baseline"])[name]
        np.testing.assert_allclose(values, expected.loc[values.index], atol=1e-12)
    np.testing.assert_allclose(one.smallest, one.value, atol=1e-12)
    # a second training whose scores are the first one's, turned round: the mean curve is the two curves' mean
    with h5py.File(tmp_path / "inspection.h5") as file, h5py.File(tmp_path / "other.h5", "w") as other:
        for name in ("flipped", "index"):
            other[name] = file[name][()]
        for method, values in file["suspicion"].items():
            other[f"suspicion/{method}"] = -values[()]
    both = [tmp_path / "inspection.h5", tmp_path / "other.h5"]
    gather_inspection.gather_inspection(both, DRAWS, tmp_path / "two.csv")
    two = pd.read_csv(tmp_path / "two.csv", keep_default_na=False)
    area = two[(two.metric == "area") & (two.baseline == "")]
    # a turned order has the area 1 - A
    np.testing.assert_allclose(area.value, 0.5, atol=1e-12)
    np.testing.assert_allclose(area.smallest + area.largest, 1.0, atol=1e-12)
    assert (two.seeds == 2).all()
    with h5py.File(tmp_path / "other.h5", "a") as file:
        file["flipped"][...] = ~file["flipped"][()]
    with pytest.raises(ValueError, match="holds other points than"):
        gather_inspection.gather_inspection(both, DRAWS, tmp_path / "two.csv")


def test_the_verdict_names_all_that_lead_and_whether_they_are_told_apart():
    rows = pd.DataFrame(
        [["loss", "area", 0.9, 0.8, 1.0, ""], ["margin", "area", 0.9, 0.8, 1.0, ""], ["random", "area", 0.5, 0, 1, ""],
         ["boundary", "area", 0.7, 0.6, 0.8, ""], ["loss", "area", 0.2, 0.1, 0.3, "boundary"],
         ["margin", "area", 0.2, 0.1, 0.3, "boundary"]],
        columns=["method", "metric", "value", "low", "high", "baseline"],
    )  # fmt: skip
    assert plot_inspection.verdict(rows, "area").startswith("area: loss, margin 0.900, ahead of boundary 0.700")
    rows.loc[rows.baseline != "", "low"] = -0.1
    assert "not told apart from boundary" in plot_inspection.verdict(rows, "area")


def test_figures_are_not_blank(tmp_path):
    files, style = write_run(tmp_path), "config/figures.mplstyle"
    measured(tmp_path, files)
    plot_inspection.plot_inspection(
        tmp_path / "inspection.h5", tmp_path / "inspection.csv", 0.95, style, 60, tmp_path / "inspection.png"
    )
    plot_boundary_points.plot_boundary_points(files, "last layer", style, 60, tmp_path / "points.png")
    plot_boundary_solved.plot_boundary_solved(
        files["data"], [files["boundary"]] * 2, ["last layer", "again"], style, 60, tmp_path / "solved.png"
    )
    for name in ("inspection", "points", "solved"):
        image = matplotlib.image.imread(tmp_path / f"{name}.png")
        assert image[..., :3].std() > 0.05, name
        assert (tmp_path / f"{name}.pdf").stat().st_size > 1000


@pytest.fixture(scope="module")
def move(tmp_path_factory):
    """The move of a real network on the toy plane, with the network it is of."""
    keras = pytest.importorskip("keras")
    from attribution.influence import features

    folder = tmp_path_factory.mktemp("move")
    arrays = toy.draw(DISCS, ["blue", "red"], 0.1, 0)
    hdf5.write(folder / "data.h5", arrays, {"class_names": ["blue", "red"]})
    keras.utils.set_random_seed(0)
    entry = keras.Input((2,))
    network = keras.Model(entry, keras.layers.Dense(1)(keras.layers.Dense(12, activation="relu")(entry)))
    network.save(folder / "model.keras")
    h = features.extended_features(network, arrays[X_TRAIN], 64)
    weights, _, _ = features.last_layer_parameters(network)
    hdf5.write(
        folder / "gradients.h5",
        {FEATURES_TRAIN: h, LOGITS_TRAIN: h @ weights, PARAMETERS: weights.ravel()},
        {},
    )
    files = {"data": folder / "data.h5", "gradients": folder / "gradients.h5", "model": folder / "model.keras"}
    for scope, name in (("last_layer", "boundary_move.h5"), ("all_layers", "boundary_move_all.h5")):
        map_boundary_move.map_boundary_move(files, scope, 0, 30, 0.4, 64, folder / name, {})
    return folder, network, h, weights


def test_the_plane_is_that_of_the_moved_network_and_the_star_ends_on_the_boundary(move):
    folder, network, h, weights = move
    grid_x, grid_y, logits, fractions, length, gap = hdf5.read(
        folder / "boundary_move.h5", GRID_X, GRID_Y, LOGITS_GRID, "fractions", "path", "gap"
    )
    facts = hdf5.attributes(folder / "boundary_move.h5")
    point, score = facts["point"], facts["score"]
    assert score == pytest.approx(boundary.closed_form(h, weights).score[point])
    # the path crosses zero where its length is the score, from above
    assert gap[0] > 0 > gap[-1]
    assert np.interp(0, -gap, length) == pytest.approx(score, rel=1e-6)
    # a Keras network with the moved weights gives the same plane
    change = boundary.moves(h[[point]], weights)[0]
    cells = np.stack(np.meshgrid(grid_x, grid_y), axis=-1).reshape(-1, 2)
    kernel, bias = network.layers[-1].get_weights()
    for fraction, values in zip(fractions, logits, strict=True):
        moved = weights + fraction * change
        network.layers[-1].set_weights([moved[:-1], moved[-1]])
        np.testing.assert_allclose(network.predict(cells, verbose=0).reshape(values.shape), values, atol=1e-5)
    network.layers[-1].set_weights([kernel, bias])


def test_in_all_layers_the_plane_moves_to_where_deepfool_ends(move):
    folder, network, _, _ = move
    logits, length, gap = hdf5.read(folder / "boundary_move_all.h5", LOGITS_GRID, "path", "gap")
    before = hdf5.read(folder / "boundary_move.h5", LOGITS_GRID)[0]
    facts, last = hdf5.attributes(folder / "boundary_move_all.h5"), hdf5.attributes(folder / "boundary_move.h5")
    assert facts["point"] == last["point"] and facts["scope"] == "all_layers"
    # as trained the same plane, and all layers need less than the last one alone
    np.testing.assert_allclose(logits[0], before[0], atol=1e-4)
    assert np.abs(logits[2] - before[2]).max() > 1e-2
    x = hdf5.read(folder / "data.h5", X_TRAIN)[0]
    found = points_all_layers.deepfool(network, x[[facts["point"]]], slots=1)
    assert (
        found.solved[0] and facts["score"] == pytest.approx(found.score[0], rel=1e-9) and facts["score"] < last["score"]
    )
    assert gap[0] > 0 > gap[-1] and abs(np.interp(facts["score"], length, gap)) < 1e-3 * gap[0]


def test_a_point_that_no_step_reaches_has_no_move(move):
    _, network, _, _ = move
    assert np.isnan(move_all_layers.of_point(network, np.array([0.5, 0.5]), max_steps=0).score)


@pytest.mark.parametrize(
    ("file", "scope"), [("boundary_move.h5", "last layer"), ("boundary_move_all.h5", "all layers")]
)
def test_the_move_is_drawn(move, file, scope):
    folder = move[0]
    plot_boundary_move.plot_boundary_move(
        folder / "data.h5", folder / file, scope, "config/figures.mplstyle", 60, folder / "13.png"
    )
    assert matplotlib.image.imread(folder / "13.png")[..., :3].std() > 0.05


def test_flips_of_the_toy_set_leave_its_points_as_they_were():
    plain, flipped = (toy.draw(DISCS, ["blue", "red"], 0.1, 0, rate) for rate in (0.0, 0.15))
    mask = flipped.pop(FLIPPED_TRAIN)
    assert mask.sum() == 36 and FLIPPED_TRAIN not in plain
    np.testing.assert_array_equal(flipped.pop(ORIGINAL_Y_TRAIN), plain[Y_TRAIN])
    np.testing.assert_array_equal(flipped[Y_TRAIN] != plain[Y_TRAIN], mask)
    for name in set(plain) - {Y_TRAIN}:
        np.testing.assert_array_equal(flipped[name], plain[name])


def test_the_target_draws_every_figure_in_both_scopes(tmp_path):
    root = ROOT
    command = [Path(sys.executable).with_name("snakemake"), "-s", root / "Snakefile", "--workflow-profile",
               root / "profiles/default", "--cores", "1", "-n", "--", "toy_flipped"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = done.stdout + done.stderr
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", text.partition("Job stats:")[2].partition("total")[0], re.MULTILINE))
    expected = {
        "measure_inspection": "5", "gather_inspection": "1", "compute_boundary": "6", "map_boundary_move": "2",
        "plot_inspection": "1", "plot_boundary_points": "2", "plot_boundary_solved": "1", "plot_boundary_move": "2",
        "prepare_toy": "1",
        # each seed with the untrained network beside it
        "train_model": "10",
    }  # fmt: skip
    assert {name: jobs.get(name) for name in expected} == expected
