"""Truths: which points leave, and that what is retrained is the run itself without them."""

import numpy as np
import pytest

import grow_removals
from attribution.files import hdf5
from attribution.methods import base, writing
from attribution.methods.retraining.datamodel_ridge import Ridge
from attribution.methods.run import Run
from attribution.networks import build as models
from attribution.numerics.residuals import margins
from attribution.retraining import datamodels, subsets, truth, whole_networks
from attribution.training import train as training
from attribution.workflow import registry
from trained_discs import RECIPE

SETTINGS = {"seed": 3, "leave_one_out": 12, "groups": {"shares": [0.1], "draws": 2, "seed": 0}}


def test_sets_of_two_streams_differ_and_do_not_depend_on_the_shard():
    x, y = np.zeros((40, 2)), np.arange(40) % 2
    whole = truth.sets("alpha0.5", [0, 6], x, y, SETTINGS).kept
    assert np.array_equal(whole[4:], truth.sets("alpha0.5", [4, 2], x, y, SETTINGS).kept)
    assert (whole.sum(axis=1) == 20).all()
    fitted = truth.sets("fit-alpha0.5", [0, 6], x, y, SETTINGS).kept
    assert not any(np.array_equal(a, b) for a in whole for b in fitted)


def test_points_leave_alone_as_many_as_asked():
    x, y = np.zeros((40, 2)), np.arange(40) % 2
    kept = truth.sets("leave-one-out", [0, 1], x, y, SETTINGS).kept
    assert kept.shape == (12, 40) and (kept.sum(axis=1) == 39).all() and len(np.unique(kept, axis=0)) == 12
    every = truth.sets("leave-one-out", [0, 1], x, y, SETTINGS | {"leave_one_out": 1000}).kept
    assert np.array_equal(every, ~np.eye(40, dtype=bool))


def test_groups_are_of_each_kind():
    x, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    drawn = truth.sets("groups", [0, 1], x, y, SETTINGS)
    assert sorted(set(drawn.kind)) == ["class", "neighbours", "random"]


def test_groups_found_on_the_run_grow_from_the_points_that_random_ones_begin_with_and_leave_beside_them(tmp_path):
    rng = np.random.default_rng(0)
    x, y, h, r = rng.normal(size=(40, 2)), np.arange(40) % 2, rng.normal(size=(40, 3)), rng.normal(size=(40, 1))
    files = {name: str(tmp_path / f"{name}.h5") for name in ("data", "gradients", "influence", "found")}
    gradients = r * h
    own = (gradients**2).sum(axis=1)
    hdf5.write(files["data"], {"x_train": x, "y_train": y}, {})
    hdf5.write(files["gradients"], {"features_train": h, "residuals_train": r}, {})
    hdf5.write(files["influence"], {"self_influence": own, "step_norm": np.sqrt(own)}, {})
    drawn = SETTINGS["groups"] | {"shares": [0.1, 0.2]}
    grow_removals.grow_removals(files, lambda columns: columns, ["influence"], drawn, 0, files["found"], {})
    settings = SETTINGS | {"groups": drawn}
    found = truth.sets("groups", [], x, y, settings, files["found"])
    assert found.kept.shape == (16, 40) and list(found.kind[:12]) == list(truth.sets("groups", [], x, y, settings).kind)
    assert set(found.kind[12:]) == {"found by influence"}
    starts = subsets.centres(40, drawn["shares"], drawn["draws"], drawn["seed"])
    # groups of one point are that point, of its neighbours too
    single = subsets.groups(x, y, [0.025], 2, 0)
    assert np.array_equal(
        np.flatnonzero(~single.masks[single.kind == "neighbours"].all(axis=0)),
        np.sort(subsets.centres(40, [0.025], 2, 0).ravel()),
    )
    alone = found.kind == "random"
    for left, random, start, size in zip(
        ~found.kept[12:], ~found.kept[alone], starts.ravel(), [4, 4, 8, 8], strict=True
    ):
        assert random[start]
        members = [start]
        while len(members) < size:
            shared = gradients @ gradients[members].sum(axis=0)
            shared[members] = -np.inf
            members.append(int(shared.argmax()))
        assert np.flatnonzero(left).tolist() == sorted(members)


def test_targets_are_drawn_once_and_ascend():
    found = truth.target_points(50, 7, 1)
    assert len(np.unique(found)) == 7 and (np.diff(found) > 0).all()
    assert np.array_equal(truth.target_points(5, 7, 1), np.arange(5))


def test_the_averaged_truth_has_other_seeds_than_the_run():
    assert whole_networks.seeds_of("fixed", 5, 3) == [5]
    seeds = whole_networks.seeds_of("averaged", 5, 3)
    assert len(set(seeds)) == 3 and 5 not in seeds


@pytest.mark.slow
def test_the_network_of_all_points_is_the_run_s_own(points, tmp_path):
    x, y, x_test, y_test = points
    kept = np.ones((2, len(x)), dtype=bool)
    kept[1, ::2] = False
    found = whole_networks.retrained(RECIPE, x, y, x_test, y_test, 2, 0, kept, "test")
    model = models.build(RECIPE, (2,), 2, 0)
    training.train(model, *points, RECIPE["training"], 0, tmp_path, "test")
    own = margins(np.asarray(model.predict_on_batch(x_test)), y_test)
    assert np.allclose(found[0], own, atol=2e-3)
    assert np.abs(found[1] - own).max() > 0.05


@pytest.mark.slow
def test_networks_one_by_one_go_on_after_a_kill(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(8, 22, 22, 1)).astype(np.float32), np.arange(8) % 3
    recipe = {
        "architecture": "cnn", "rescale": {"from": [0, 1], "to": [-1, 1]}, "flip": False, "translation": 0.0,
        "mixed_precision": "off", "training": RECIPE["training"] | {"epochs": 1, "batch_size": 4, "schedule": []},
    }  # fmt: skip
    kept = rng.random((3, 8)) < 0.7
    kept[:, 0] = True
    whole = whole_networks.retrained(recipe, x, y, x, y, 3, 0, kept, "test")
    run, done = whole_networks.replay.run, []

    def until(training, mask):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(mask)
        return run(training, mask)

    monkeypatch.setattr(whole_networks.replay, "run", until)
    with pytest.raises(KeyboardInterrupt):
        whole_networks.retrained(recipe, x, y, x, y, 3, 0, kept, "test", tmp_path)
    done.pop(0)
    assert np.array_equal(whole_networks.retrained(recipe, x, y, x, y, 3, 0, kept, "test", tmp_path), whole)
    assert np.array_equal(done[-1], kept[2]) and len(done) == 2


def test_a_datamodel_s_seconds_hold_those_of_the_networks_it_is_fitted_on(tmp_path):
    rng = np.random.default_rng(0)
    hdf5.write(tmp_path / "data.h5", {"y_train": np.zeros(20, int)}, {})
    for shard in range(2):
        arrays = {"kept": rng.random((10, 20)) < 0.5, "retrained": rng.normal(size=(1, 10, 3)), "targets": np.arange(3)}
        hdf5.write(tmp_path / f"{shard}.h5", arrays, {"seconds": 100.0})
    penalties = {"smallest": 0.1, "largest": 10.0, "count": 3}
    files = {"data": tmp_path / "data.h5", "subsets": [tmp_path / "0.h5", tmp_path / "1.h5"]}
    settings = {"truth.fitted": {"alpha": 0.5, "subsets": 15}, "datamodels.penalties": penalties}
    run = Run(files, settings, tested=True)
    writing.write_attributions("ridge", Ridge(), run, np.arange(3), tmp_path / "ridge.h5", {})
    facts = hdf5.attributes(tmp_path / "ridge.h5")
    # 15 of 20 networks
    assert facts["subsets"] == 15 and 150 < facts["seconds"] < 160
    with pytest.raises(ValueError, match="tell the margins of 3 test points"):
        run.subsets(np.arange(2))


def test_a_datamodel_around_the_truth_needs_no_subsets_and_around_noise_is_a_datamodel():
    rng = np.random.default_rng(1)
    weights, kept = rng.normal(size=(4, 60)), rng.random((50, 60)) < 0.5
    outputs = kept @ weights.T + 2
    penalties = np.geomspace(1e-3, 1e5, 17)
    # half of the truth, which the factor restores
    found, share = datamodels.around(weights / 2, kept, outputs, penalties)
    assert np.allclose(found, weights, atol=1e-3) and np.allclose(share, 2, atol=1e-3)
    fresh = rng.random((200, 60)) < 0.5
    noise, _ = datamodels.around(rng.normal(size=weights.shape), kept, outputs, penalties)
    assert np.corrcoef((fresh @ noise.T).ravel(), (fresh @ weights.T).ravel())[0, 1] > 0.4


@pytest.mark.parametrize(
    ("method", "prior"),
    [
        ("datamodel-around-metagradient", "attributions/metagradient-smooth"),
        ("datamodel-around-trak", "attributions/trak"),
    ],
)
def test_a_datamodel_is_fitted_around_the_file_of_its_own_method_alone(tmp_path, method, prior):
    rng = np.random.default_rng(2)
    weights, kept = rng.normal(size=(3, 40)), rng.random((30, 40)) < 0.5
    names = ("attributions/metagradient-smooth", "attributions/trak")
    files = {"data": tmp_path / "data.h5", "subsets": [tmp_path / "subsets.h5"]}
    files |= {name: tmp_path / f"{place}.h5" for place, name in enumerate(names)}
    hdf5.write(files["data"], {"y_train": np.zeros(40, int)}, {})
    arrays = {"kept": kept, "retrained": (kept @ weights.T)[None], "targets": np.arange(3)}
    hdf5.write(tmp_path / "subsets.h5", arrays, {"seconds": 100.0})
    for name in names:
        # a third of the truth in the file that is to be read, noise in the other
        pairs = weights / 3 if name == prior else rng.normal(size=weights.shape)
        hdf5.write(files[name], {"targets": np.arange(3), "pairs": pairs}, {"seconds": 7.0})
    settings = {"truth.fitted": {"alpha": 0.5, "subsets": 30}}
    settings |= {"datamodels.penalties": {"smallest": 1e-3, "largest": 1e5, "count": 17}}
    run = Run(files, settings, tested=True)
    assert np.allclose(base.resolve(registry.METHODS[method]).pairs(run, np.arange(3)), weights, atol=1e-3)
    assert run.facts["seconds_before"] == 107 and abs(run.facts["factor"] - 3) < 1e-3
    # attributions of other targets, or of these in another order, are refused
    hdf5.write(files[prior], {"targets": np.array([1, 0, 2]), "pairs": weights / 3}, {"seconds": 7.0})
    with pytest.raises(ValueError, match="about other test points"):
        base.resolve(registry.METHODS[method]).pairs(Run(files, settings, tested=True), np.arange(3))
