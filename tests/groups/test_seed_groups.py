"""Groups that grow from several points: against brute force, their names in the file, and in the figure."""

import itertools

import h5py
import numpy as np
import pytest

import find_boundary_groups
import find_groups
import plot_image_groups
from attribution.boundary import candidates
from attribution.data import seed_points
from attribution.files import group_folders, hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, PARAMETERS, RESIDUALS_TRAIN
from attribution.files.results.groups import MEMBERS, NORMALISED_INFLUENCE
from attribution.files.results.hessian import CHOLESKY, HESSIAN
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.influence import inverse
from attribution.influence import points as influence
from attribution.numerics import hessian, residuals
from attribution.workflow import targets
from helpers import ROOT

N, D, C = 40, 4, 3
GROUP = {"seeds": [[4, 11, "one"], 7], "excluded": [5], "size": 7, "rule": "objective", "direction": "max",
         "stop": "size", "tie_seed": 0, "adaptive": False}  # fmt: skip
CG = {"tolerance": 1e-8, "max_iterations": 10}
NAMES = ["zero", "one", "two"]
ROUNDING = 1e-9  # relative, of sums in another order


@pytest.fixture
def run(tmp_path):
    """Files of a last layer of random numbers, and the gradients (n, k) and the inverse Hessian (k, k) in full."""
    rng = np.random.default_rng(1)
    h = np.column_stack([rng.normal(size=(N, D - 1)), np.ones(N)])
    y, weights = np.arange(N) % C, rng.normal(size=(D, C))
    logits = h @ weights
    r = residuals.residuals(logits, y)
    full = hessian.hessian_sum(h, logits) / N
    factor = hessian.factor(full, 0.01)
    files = {name: str(tmp_path / f"{name}.h5") for name in ("data", "gradients", "hessian", "influence")}
    images = rng.integers(0, 255, (N, 6, 6), dtype=np.uint8)
    hdf5.write(files["data"], {X_TRAIN: images, Y_TRAIN: y, SUBGROUP_TRAIN: y}, {"class_names": NAMES})
    hdf5.write(files["gradients"], {FEATURES_TRAIN: h, RESIDUALS_TRAIN: r, PARAMETERS: weights.ravel()}, {})
    hdf5.write(files["hessian"], {HESSIAN: full, CHOLESKY: factor}, {"solver": "exact", "scope": "last_layer"})
    solve = inverse.from_factor(files["hessian"])
    own, step = influence.self_influence(h, r, solve)
    hdf5.write(files["influence"], {SELF_INFLUENCE: own, STEP_NORM: step}, {})
    g = np.stack([np.outer(a, b).ravel() for a, b in zip(h, r, strict=True)])
    return files, solve, g, np.linalg.inv(full + 0.01 * np.eye(D * C))


def found(files, solve, **changes):
    path = files["data"].replace("data.h5", "groups.h5")
    find_groups.find_groups(files, solve, GROUP | changes, NAMES, path, {"model": "m", "seed": 0})
    return path


def start(files):
    x, y = hdf5.read(files["data"], X_TRAIN, Y_TRAIN)
    return [4, 11, seed_points.central(x, y, 1)]


def test_a_group_grown_from_three_points_is_the_one_of_brute_force(run):
    files, solve, g, inverse_hessian = run
    path, members = found(files, solve), start(files)
    first = group_folders.folder_of(members)
    for _ in range(GROUP["size"] - len(members)):
        # I(G + x, G + x) of every point that may join
        allowed = [x for x in range(N) if x not in (*members, 5)]
        sums = np.array([g[[*members, x]].sum(axis=0) for x in allowed])
        members.append(allowed[int(np.argmax(np.einsum("ij,jk,ik->i", sums, inverse_hessian, sums)))])
    grown, normalised = hdf5.read(path, f"{first}/{MEMBERS}", f"{first}/{NORMALISED_INFLUENCE}")
    assert grown.tolist() == members
    sums = np.cumsum(g[members], axis=0)
    own = np.einsum("ij,jk,ik->i", sums, inverse_hessian, sums) / np.arange(1, len(members) + 1)
    np.testing.assert_allclose(normalised, own, rtol=ROUNDING)


def test_single_seeds_keep_their_names_and_their_groups(run):
    files, solve, *_ = run
    path = found(files, solve)
    with h5py.File(path) as file:
        assert sorted(file) == sorted(["7", group_folders.folder_of(start(files))])
        assert {part.attrs["seed_name"] for part in file.values()} == {"7", "4 + 11 + subgroup 1"}
        among_lists = {name: array[()] for name, array in file["7"].items()}
    with h5py.File(found(files, solve, seeds=[7])) as file:
        alone = {name: array[()] for name, array in file["7"].items()}
    assert set(alone) == set(among_lists)
    np.testing.assert_array_equal(alone[MEMBERS], among_lists[MEMBERS])


def test_a_group_that_stops_at_its_peak_keeps_all_its_first_members(run):
    files, solve, *_ = run
    path = found(files, solve, stop="peak", direction="min")
    with h5py.File(path) as file:
        grown = file[group_folders.folder_of(start(files))]
        assert grown[MEMBERS][:3].tolist() == start(files) and len(grown[MEMBERS]) == GROUP["size"]
        assert grown.attrs["peak"] < grown.attrs["stopped"] == 3


def test_the_figure_names_all_points_that_a_group_starts_from(run, tmp_path, monkeypatch):
    files, solve, *_ = run
    titles = []
    monkeypatch.setattr(
        plot_image_groups.drawing, "save", lambda figure, *_: titles.extend(a.get_title("left") for a in figure.axes)
    )
    plot_image_groups.plot_image_groups(files["data"], found(files, solve), files["influence"], "default", 60, "x.png")
    assert any(f"training images {', '.join(map(str, start(files)))}: total influence" in title for title in titles)
    assert any("training image 7: total influence" in title for title in titles)


def test_the_figure_frames_the_members_of_a_group_that_stopped_before_its_growth(run, tmp_path, monkeypatch):
    files, solve, *_ = run
    framed, titles = [], []
    monkeypatch.setattr(plot_image_groups.pictures, "strip", lambda *_, frames, **__: framed.append(frames))
    monkeypatch.setattr(
        plot_image_groups.drawing, "save", lambda figure, *_: titles.extend(a.get_title("left") for a in figure.axes)
    )
    path = found(files, solve)
    with h5py.File(path, "r+") as file:
        file["7"].attrs.update({"stop": "gap", "stopped": 3})
    plot_image_groups.plot_image_groups(files["data"], path, files["influence"], "default", 60, "x.png")
    blue = plot_image_groups.drawing.BLUE
    assert sorted(framed, key=str) == [[blue, blue, None, None, None, None], [None] * 6]
    assert [f"of 3 images; gap stops after 3 of {GROUP['size']}; " in title for title in titles].count(True) == 1


def test_a_list_is_a_start_of_its_own():
    x, y = np.arange(8.0)[:, None], np.arange(8) % 2
    names, starts = seed_points.starts([[5, "one"], 5, {"random": 6, "seed": 0}], x, y, y, ["zero", "one"], [])
    assert starts[:2] == [[5, 3], [5]] and names[:2] == ["5 + subgroup 1", "5"]
    # what a list names is not drawn
    assert sorted(itertools.chain(*starts[2:])) == [0, 1, 2, 4, 6, 7]
    for points, sentence in (
        ([[3, "one"]], "training index 3 is in a group of seeds more than once"),
        ([[1, 2], [2, 1]], r"training indices \[2, 1\] are a group of seeds more than once"),
        ([[1], 1], "training index 1 is a seed more than once"),
    ):
        with pytest.raises(ValueError, match=sentence):
            seed_points.starts(points, x, y, y, ["zero", "one"], [])


def test_groups_by_rows_of_ones_own_are_those_by_the_places_of_these(run):
    files, solve, *_ = run
    rows = np.random.default_rng(2).permutation(N)
    with h5py.File(files["data"], "r+") as file:
        file["index_train"] = rows
    row = lambda place: {"row": int(rows[place])}  # noqa: E731
    members = []
    for changes in ({"seeds": [[4, 11], 7], "excluded": [5, 0]},
                    {"seeds": [[row(4), 11], row(7)], "excluded": [row(5), 0]}):  # fmt: skip
        with h5py.File(found(files, solve, **changes)) as file:
            members.append({folder: file[folder][MEMBERS][()].tolist() for folder in file})
            names = [file[folder].attrs["seed_name"] for folder in file]
    assert members[0] == members[1] and not {5, 0} & {index for group in members[1].values() for index in group}
    assert sorted(names) == sorted([f"row {rows[4]} + 11", f"row {rows[7]}"])


@pytest.mark.parametrize("kind", candidates.KINDS)
def test_candidates_of_a_group_are_those_near_to_all_of_its_points(run, kind):
    files, solve, g, inverse_hessian = run
    (y,), (own,) = hdf5.read(files["data"], Y_TRAIN), hdf5.read(files["influence"], SELF_INFLUENCE)
    h, r = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    arguments = (y, h, r, own, solve, [5], np.arange(N).astype(np.uint64))
    single, several = (
        candidates.pools(kind, 6, [4, 9], *arguments),
        candidates.pools(kind, 6, [[4, 9], [9]], *arguments),
    )
    np.testing.assert_array_equal(several[1], single[1])
    unit = h[:, :-1] / np.linalg.norm(h[:, :-1], axis=1, keepdims=True)
    near = (g[[4, 9]] @ inverse_hessian @ g.T / np.sqrt(own)) if kind == "influence" else unit[[4, 9]] @ unit.T
    pool = [x for x in range(N) if x not in (4, 5, 9) and (kind == "all" or y[x] in y[[4, 9]])]
    if kind in ("embedding", "influence"):
        pool = sorted(sorted(pool, key=lambda x: -near.mean(axis=0)[x])[:6])
    assert several[0].tolist() == pool


def test_a_boundary_score_grows_from_several_points_too(run):
    files, *_ = run
    path = files["data"].replace("data.h5", "boundary-groups-mean.h5")
    settings = targets.settings_of(ROOT / "config")
    boundary = settings["boundary"] | {"greedy": {"size": 6, "forms": {"mean": {"from": "all", "count": 0}}}}
    training = settings["models"]["mlp-plain"]["training"]
    find_boundary_groups.find_boundary_groups(
        files,
        "last_layer",
        GROUP,
        "mean",
        boundary,
        training,
        {"tolerance": 1e-8, "max_iterations": 10},
        NAMES,
        path,
        {},
    )
    (members,) = hdf5.read(path, f"{group_folders.folder_of(start(files))}/{MEMBERS}")
    assert members[:3].tolist() == start(files) and len(set(members)) == 6 and 5 not in members
