"""The partition that retraining chooses among others: which wins is known, and the network that chooses judges none."""

import numpy as np
import pandas as pd
import pytest
from snakemake.exceptions import WorkflowError

import compare_part_removals
import helpers
import partition_training_set
import plot_number_of_parts
import retrain_parts
from attribution.costs.jobs import partition as costs
from attribution.files import hdf5
from attribution.partition import number
from attribution.retraining import whole_networks
from attribution.settings.errors import SettingError
from attribution.workflow import resources
from attribution.workflow.stages import partitions

N, OWN = 40, 3
SUBGROUPS = np.repeat(np.arange(4), 10)
PLACES = np.tile(np.arange(4), 10)
SETTINGS = {
    "parts": "subgroups", "most": 4, "draws": 2, "within_classes": False, "components": 3, "restarts": 3,
    "sized_restarts": 2, "iterations": 30, "members": 2, "atoms": {"count": 0, "penalty": 0.1}, "together": [],
    "apart": [], "seed": 0,
}  # fmt: skip
NAME = "chosen-by-retraining"


def asked(text: str, control: bool) -> dict:
    own = {"evaluation.seed": 0, "groups.tie_seed": 0, "influence.matrix_gb": 1.0}
    found = {"method": "", "unit": False, "components": False, "untrained": False, "columns": False}
    return found | {"text": text, "control": control, "settings": own}


METHODS = {
    NAME: {"method": NAME, "control": False},
    "gradient-dot": asked("influence.gradient_dot:GradientDot", False),
    "input-euclidean": asked("distance.input_euclidean:InputEuclidean", True),
    "random": asked("chance.random:Random", True),
}


@pytest.fixture
def job(tmp_path):
    """Points whose gradients lie by SUBGROUPS and whose inputs by PLACES, each to 0.01."""
    rng = np.random.default_rng(0)
    x = (np.eye(4)[PLACES] + 0.01 * rng.normal(size=(N, 4))).astype(np.float32)
    hdf5.write(tmp_path / "data.h5", {"x_train": x, "y_train": SUBGROUPS // 2, "subgroup_train": SUBGROUPS},
               {"class_names": ["a", "b"]})  # fmt: skip
    features = np.eye(4)[SUBGROUPS] + 0.01 * rng.normal(size=(N, 4))
    factors = {"features_train": features, "residuals_train": np.ones((N, 1))}
    hdf5.write(tmp_path / "gradients.h5", factors, {})
    files = {name: str(tmp_path / f"{name}.h5") for name in ("data", "gradients")} | {"attributions": []}
    return {"files": files, "methods": METHODS, "settings": SETTINGS, "recipes": {"trained": {}, "untrained": {}},
            "seed": OWN, "digest": "0", "path": tmp_path / "partition.h5",
            "attributes": {"dataset": "mine", "model": "net", "seed": OWN}}  # fmt: skip


def leaving(kinds, slope: float = 1.0):
    """Margins of 0 that fall by `slope` for each point of the same kind that is gone, in place of `retrained`."""

    def retrained(recipe, x, y, targets, labels, classes, seed, kept, label, work):
        return np.stack([-slope * np.bincount(kinds[~row], minlength=4)[kinds] for row in kept])

    return retrained


@pytest.mark.parametrize(("kinds", "winner"), [(SUBGROUPS, "gradient-dot"), (PLACES, "input-euclidean")])
def test_the_partition_whose_parts_the_network_treats_alike_is_chosen(job, monkeypatch, kinds, winner):
    """A part that is a kind is worth log(1 + e^10) - log 2 to its own points, and nothing to others."""
    monkeypatch.setattr(whole_networks, "retrained", leaving(kinds))
    partition_training_set.partition_training_set(**job)
    with hdf5.file(job["path"]) as file:
        assert list(file.attrs["methods"]) == list(METHODS)
        chosen, best = file[NAME], file[winner]
        assert chosen.attrs["chosen"] == winner and chosen.attrs["control"] == 0
        scores = dict(zip(chosen.attrs["candidates"], chosen["scores"][()], strict=True))
        assert list(scores) == [name for name in METHODS if name != NAME]
        assert scores[winner] == pytest.approx(np.logaddexp(0, 10) - np.log(2))
        assert max(scores[name] for name in scores if name != winner) < 0.5 * scores[winner]
        for key in ("labels", "sizes", "normalised_influence", "central", "outlying", "linkage"):
            np.testing.assert_array_equal(chosen[key][()], best[key][()])
        # judged like any method: beside controls of its own sizes, also where it is a control's partition itself
        for control in ("input-euclidean", "random"):
            np.testing.assert_array_equal(np.bincount(chosen["sized"][control][()]), chosen["sizes"][()])
    assert not list(job["path"].parent.glob(".partition-*"))


def test_no_network_that_chooses_judges(job, monkeypatch):
    """The network that chooses finds the inputs' parts best, those of both truths the gradients'."""
    trained = []

    def retrained(recipe, x, y, targets, labels, classes, seed, kept, label, work):
        trained.append(seed)
        return leaving(PLACES if len(trained) == 1 else SUBGROUPS)(recipe, x, y, targets, labels, classes, seed, kept,
                                                                   label, work)  # fmt: skip

    monkeypatch.setattr(whole_networks, "retrained", retrained)
    partition_training_set.partition_training_set(**job)
    (by,), data = trained, job["files"]["data"]
    for truth, repetitions in (("fixed", 1), ("averaged", 5)):
        out, table = job["path"].with_name(f"partition-removals-{truth}.h5"), job["path"].with_name(f"{truth}.csv")
        retrain_parts.retrain_parts(data, job["path"], {}, repetitions, OWN, truth, "0", out, job["attributes"])
        compare_part_removals.compare_part_removals(
            [str(job["path"])], [str(out)], [["net", OWN]], "two", {"resamples": 50, "level": 0.9, "seed": 0},
            {"truth": truth}, str(table),
        )  # fmt: skip
        rows = pd.read_csv(table)
        (own,) = rows[rows.method == NAME].itertuples()
        (inputs,) = rows[(rows.method == "input-euclidean") & rows.sizes_of.isna()].itertuples()
        assert own.chosen == "input-euclidean" and rows.chosen.notna().sum() == 1
        # what it was chosen for is not what is said of it
        assert own.own_minus_other == inputs.own_minus_other < 1 and own.role == "default"
        assert len(rows[rows.sizes_of == NAME]) == 2
    assert len(set(trained)) == len(trained) == 7 and by not in trained[1:] and OWN in trained[1:]


def test_of_equal_scores_the_first_up_to_rounding():
    assert number.largest(np.array([1.0, 2.0, 2.0 + 1e-12])) == 1
    assert number.largest(np.array([-3.0, -2.0, -2.0 + 1e-6])) == 2


def test_a_killed_choice_goes_on_with_the_networks_that_are_left(job, monkeypatch):
    """Networks one by one: each is trained once, and every method divides once."""
    trained, divided, limit = [], [], 5
    whole = partition_training_set.divide.divide

    class Training:
        def outputs(self, mask, targets):
            return np.where(mask, 1.0, -1.0)[:, None] * (1 + (~mask).sum())

    def run(training, mask):
        if len(trained) == limit:
            raise KeyboardInterrupt
        trained.append(mask)
        return mask

    def divide(*arguments):
        divided.append(1)
        return whole(*arguments)

    monkeypatch.setattr(partition_training_set.divide, "divide", divide)
    monkeypatch.setattr(whole_networks.recipes, "one_by_one", lambda recipe: "as here")
    monkeypatch.setattr(whole_networks.replay, "of_recipe", lambda *given: Training())
    monkeypatch.setattr(whole_networks.replay, "run", run)
    with pytest.raises(KeyboardInterrupt):
        partition_training_set.partition_training_set(**job)
    assert not job["path"].exists()
    limit = 999
    partition_training_set.partition_training_set(**job)
    # all points, and four parts of three partitions
    assert len(trained) == 1 + 12 and len(divided) == 3
    again = job | {"path": job["path"].with_name("again.h5")}
    partition_training_set.partition_training_set(**again)
    scores = [hdf5.read(path, f"{NAME}/scores")[0] for path in (job["path"], again["path"])]
    np.testing.assert_array_equal(*scores)


def test_the_number_is_that_of_the_parts_whose_removal_does_most(job, monkeypatch):
    """A point's margin falls by one for each point of its subgroup that is gone and rises by 0.2 for each other one.

    Without a whole subgroup its own margins are at -10 and the others' at 2; with more in a part or less that is less.
    """

    def retrained(recipe, x, y, targets, labels, classes, seed, kept, label, work):
        alike = SUBGROUPS[:, None] == SUBGROUPS
        return np.stack([-np.where(alike, 1.0, -0.2) @ ~row for row in kept])

    monkeypatch.setattr(whole_networks, "retrained", retrained)
    given = job | {"settings": SETTINGS | {"parts": "removal", "most": 7}}
    partition_training_set.partition_training_set(**given)
    with hdf5.file(job["path"]) as file:
        found = file["gradient-dot"]
        assert found.attrs["number_by"] == "removal" and found.attrs["parts"] == 4 == len(found["sizes"])
        assert found["counts"][()].tolist() == [2, 3, 4, 5, 6, 7]
        expected = np.logaddexp(0, 10) - np.logaddexp(0, -2)
        assert found["criterion"][2] == pytest.approx(expected) == found["criterion"][()].max()
        np.testing.assert_allclose(found["error"][2], 0, atol=1e-12)
        assert file[NAME].attrs["chosen"] == "gradient-dot" and file[NAME].attrs["parts"] == 4
    # its curve is drawn of inputs of any shape
    drawn = []
    monkeypatch.setattr(plot_number_of_parts.drawing, "save", lambda figure, *_: drawn.append(figure.get_axes()))
    plot_number_of_parts.plot_number_of_parts(str(job["path"]), "default", 60, "numbers.png")
    ((axes,),) = drawn
    assert axes.get_ylabel() == "removal effect: own minus other,\nchange of cross-entropy (nats)"
    assert [line.get_label() for line in axes.containers] == [name for name in METHODS if name != NAME]
    partition_training_set.partition_training_set(**job)
    with pytest.raises(ValueError, match=r"has no curves, as partition\.parts gave the number"):
        plot_number_of_parts.plot_number_of_parts(str(job["path"]), "default", 60, "numbers.png")


def test_a_number_by_removal_needs_a_network_to_train():
    config = helpers.CONFIG | {"partition": helpers.CONFIG["partition"] | {"parts": "removal"}}
    wildcards = helpers.wildcards(dataset="toy", model="mlp-l2", seed="1")
    most = [resources.requests.request("partition_training_set", resources.size_of(one, wildcards))["runtime"]
            for one in (helpers.CONFIG, config)]  # fmt: skip
    assert most[1] > most[0]
    config = config | {"models": config["models"] | {"mlp-l2": {"architecture": "keras-file", "path": "mine.keras"}}}
    with pytest.raises(WorkflowError, match=r"partition\.parts removal: this trains the network again"):
        partitions.named(config, "partition", "mlp-l2")


def test_the_cost_of_a_choice_is_a_network_a_part(monkeypatch):
    members = []
    monkeypatch.setattr(costs.factors, "divided", lambda size: (1, 2, 3))
    monkeypatch.setattr(costs.networks, "on_parts", lambda size: members.append(size["members"]) or (5, 7, 11))
    assert costs.divided({}) == (1, 2, 3) and costs.divided({"numbers": 8}) == (5, 9, 14)
    costs.divided({"choosing": True, "numbers": 2})
    assert members == [costs.METHODS * (2 + 3 + 4 + 5 + 6 + 7 + 8), costs.PARTS_LEAVE + costs.METHODS * 2]


def test_it_is_asked_for_by_its_name():
    names = [NAME, "l-relative", "random"]
    config = helpers.CONFIG | {"methods": helpers.CONFIG["methods"] | {"partition": names}}
    wildcards = helpers.wildcards(dataset="toy", model="mlp-l2", seed="1")
    partitions.check(config)
    assert list(partitions.asked(config, "partition", wildcards)) == names
    without = helpers.CONFIG | {"methods": helpers.CONFIG["methods"] | {"partition": names[1:]}}
    assert partitions.files(config, "partition", wildcards) == partitions.files(without, "partition", wildcards)
    for table, listed in (("partition", [NAME, "random"]), ("stop_conditions", [NAME, "l-relative"])):
        with pytest.raises(SettingError, match="controls only" if table == "partition" else "is no method"):
            partitions.check(config | {"methods": config["methods"] | {table: listed}})
    # the job that trains asks for the time of it
    asked = [resources.requests.request("partition_training_set", resources.size_of(one, wildcards))
             for one in (without, config)]  # fmt: skip
    assert asked[1]["runtime"] > asked[0]["runtime"]
