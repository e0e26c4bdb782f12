"""Whole networks without the points that a study names: as in leave-one-out, and for which networks there are any."""

import numpy as np
import pytest
from snakemake.exceptions import WorkflowError

import helpers
import retrain_leave_one_out
import retrain_without_named
from attribution.costs import requests
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN
from attribution.retraining import named
from attribution.workflow import inputs
from trained_discs import DISCS, RECIPE, data  # noqa: F401

PLAIN = RECIPE | {"dropout": 0.0, "training": RECIPE["training"] | {"epochs": 4, "schedule": []}}
RUN = {"dataset": "toy", "model": "net", "seed": "0"}


def without(points, recipe, folder, removed, draws=2):
    path = folder / "named.h5"
    retrain_without_named.retrain_without_named(points, None, recipe, removed, draws, 0, 0, "digest", str(path), {})
    # nothing is left beside the result
    assert [file.name for file in folder.iterdir()] == ["named.h5"]
    return hdf5.read(path, "kept", "kind", "losses")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.mark.slow
def test_a_point_leaves_the_network_as_in_leave_one_out(data, tmp_path, folder):  # noqa: F811
    retrain_leave_one_out.retrain_leave_one_out(data, PLAIN, 0, 0, tmp_path / "each.h5", {})
    (each,) = hdf5.read(tmp_path / "each.h5", "losses")
    (x,) = hdf5.read(data, X_TRAIN)
    kept, kind, losses = without(data, PLAIN, folder, [17])
    n = len(x)
    np.testing.assert_allclose(losses[0], each[n, n:], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(losses[1], each[17, n:], rtol=1e-4, atol=1e-6)
    others = [int(np.flatnonzero(~row)[0]) for row in kept[2:]]
    np.testing.assert_allclose(losses[2:], each[others, n:], rtol=1e-4, atol=1e-6)
    assert [name.decode() for name in kind] == ["", "named", "random", "random", "random-class", "random-class"]
    # no two of them are alike to that tolerance
    assert all(np.abs(a - b).max() > 1e-3 for i, a in enumerate(losses) for b in losses[:i])


@pytest.mark.slow
def test_one_by_one_they_are_the_same_networks(data, tmp_path, folder):  # noqa: F811
    together = without(data, PLAIN, folder, [3, 17, 140])
    (folder / "named.h5").unlink()
    # a change of the inputs that changes nothing
    alone = without(data, PLAIN | {"rescale": {"from": [0, 1], "to": [0, 1]}}, folder, [3, 17, 140])
    np.testing.assert_array_equal(together[0], alone[0])
    np.testing.assert_allclose(together[2], alone[2], rtol=2e-3, atol=1e-5)


def test_only_networks_whose_training_is_known_are_trained_again():
    of = {"mlp": {"training": {"epochs": 5}}, "untrained": {"training": {"epochs": 0}}, "file": {}, "factors": {}}
    config = {"answers": {"removal": {"networks": 5}}, "models": of}
    found = {name: inputs.named_networks(config, helpers.wildcards(**RUN | {"model": name})) for name in of}
    assert found.pop("mlp") == {"networks": "results/toy/mlp/seed0/retraining/named.h5"}
    assert set(map(str, found.values())) == {"{}"}
    config["answers"]["removal"]["networks"] = 0
    assert inputs.named_networks(config, helpers.wildcards(**RUN | {"model": "mlp"})) == {}


@pytest.mark.parametrize(("architecture", "words"), [("keras-file", "does not say how"), ("factors", "network itself")])
def test_what_cannot_be_trained_again_is_refused_before_any_job(architecture, words):
    settings = {"studies": {"mine": {"dataset": "mine", "model": "mine"}}, "datasets": {"mine": {"loader": "npz"}}}
    config = settings | {"models": {"mine": {"architecture": architecture, "path": __file__}}}
    for rule in ("folds", "retraining"):
        with pytest.raises(WorkflowError, match=f"{rule}: this .*models.mine has architecture {architecture}") as error:
            inputs.own_training(config, rule, helpers.wildcards(dataset="mine", model="mine", seed="0"))
        assert words in str(error.value)
    known = {"mine": {"architecture": "mlp", "training": {"epochs": 1}}}
    assert not list(
        inputs.own_training(config | {"models": known}, "folds", helpers.wildcards(**RUN | {"model": "mine"}))
    )


def test_time_is_asked_for_by_their_number():
    n, m = (sum(disc[part] for disc in DISCS) for part in ("train", "test"))
    size = {"n": n, "m": m, "shape": (2,), "classes": 2, "sample_bytes": 8, "source_bytes": 0}
    asked = requests.COSTS["retrain_without_named"]
    cost = [asked(requests.of_run(size, PLAIN, removal_networks=count)) for count in (0, 5)]
    labels = np.arange(n) % 2
    networks = [len(named.sets(labels, np.arange(3), count, 0)[1]) for count in (0, 5)]
    assert cost[1][2] / cost[0][2] == pytest.approx(networks[1] / networks[0]) and networks == [2, 12]
