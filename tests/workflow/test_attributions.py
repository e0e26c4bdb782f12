"""Names of attributions, and the files that they stand for."""

import pytest
from snakemake.exceptions import WorkflowError

import helpers
from attribution.settings import extends
from attribution.settings.errors import SettingError
from attribution.workflow import attributions, targets

CONFIG = {
    "models": {"mlp-l2": {}, "mlp-l2-untrained": {}, "cnn": {}},
    "methods": {"lds": ["influence"], "lds_full": ["influence-untrained"]},
    "truth": {
        "alphas": [0.5, 0.9], "shards": [4, 6], "small": {"subsets": 4}, "full": {"subsets": 5},
        "fitted": {"alpha": 0.5, "subsets": 5},
    },
}  # fmt: skip


def of(**more):
    return helpers.wildcards(dataset="toy", model="mlp-l2", seed="2", **more)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("influence", ("influence", 1, False)),
        ("metagradient-smooth", ("metagradient-smooth", 1, False)),
        ("metagradient-smooth-5", ("metagradient-smooth", 5, False)),
        ("influence-untrained", ("influence", 1, True)),
        ("influence-10-untrained", ("influence", 10, True)),
    ],
)
def test_a_name_has_a_method_a_number_and_an_ending(name, expected):
    assert attributions.read_name(name) == expected


@pytest.mark.parametrize("name", ["influenc", "loss", "influence-0", "5"])
def test_a_name_of_no_method_of_pairs_is_refused(name):
    with pytest.raises(SettingError, match=r"methods\.lds names"):
        attributions.read_name(name)


def test_files_of_names():
    at = "results/toy/mlp-l2/seed2/attributions"
    assert attributions.path_of(CONFIG, "influence", of()) == f"{at}/influence.h5"
    assert attributions.path_of(CONFIG, "influence-3", of()) == f"{at}/influence-3.h5"
    untrained = attributions.path_of(CONFIG, "influence-3-untrained", of())
    assert untrained == "results/toy/mlp-l2-untrained/seed2/attributions/influence-3.h5"
    assert attributions.averaged(of(method="influence", models="3")) == [
        f"results/toy/mlp-l2/seed{seed}/attributions/influence.h5" for seed in (2, 3, 4)
    ]


def test_a_mean_counts_the_trainings_that_are_not_the_run_s_own():
    took = "results/benchmarks/train_model/toy-mlp-l2-seed{}.tsv"
    assert attributions.further_trainings(CONFIG, of(models="3")) == [took.format(3), took.format(4)]
    assert attributions.further_trainings(CONFIG, of(models="1")) == []
    own = CONFIG | {"models": {"mlp-l2": {"architecture": "factors"}}}
    assert attributions.further_trainings(own, of(models="3")) == []


def test_an_untrained_recipe_that_is_missing_is_named():
    wildcards = helpers.wildcards(dataset="toy", model="cnn", seed="0")
    with pytest.raises(WorkflowError, match="models has no 'cnn-untrained'"):
        attributions.path_of(CONFIG, "influence-untrained", wildcards)


def test_truths_are_the_shards_that_hold_the_subsets():
    at = "results/toy/mlp-l2/seed2/truth"
    assert attributions.judging(CONFIG, of(truth="fixed", extent="small")) == [
        f"{at}/fixed-alpha0.5-0.h5", f"{at}/fixed-alpha0.9-0.h5"
    ]  # fmt: skip
    assert len(attributions.judging(CONFIG, of(truth="fixed", extent="full"))) == 4
    found = attributions.removing(CONFIG, of(truth="averaged", extent="small"))
    assert found == {"alone": [f"{at}/averaged-leave-one-out-0.h5"], "groups": [f"{at}/averaged-groups-0.h5"]}
    needed = attributions.needed(CONFIG, of(method="datamodel-ridge"))
    assert needed["subsets"] == [f"{at}/fixed-fit-alpha0.5-{shard}.h5" for shard in (0, 1)]
    around = attributions.needed(CONFIG, of(method="datamodel-around-metagradient"))
    assert around["attributions/metagradient-smooth"].endswith("seed2/attributions/metagradient-smooth.h5")


def test_more_networks_to_fit_on_change_only_what_is_fitted():
    config = extends.resolved(targets.settings_of(helpers.ROOT / "config"))
    names = ("trak", "trak-subsets", "datamodel-around-trak")
    read = {name: attributions.settings_of(config, of(method=name)) for name in names}
    assert "truth.fitted" not in read["trak"] | read["trak-subsets"]
    assert "trak.subsets" not in read["trak"] and read["trak-subsets"]["trak.subsets"] == config["trak"]["subsets"]
    assert read["datamodel-around-trak"]["truth.fitted"] == config["truth"]["fitted"]
    assert all(settings["truth.targets"] == config["truth"]["targets"] for settings in read.values())


def test_more_subsets_than_the_shards_hold_are_refused():
    config = CONFIG | {"truth": CONFIG["truth"] | {"full": {"subsets": 11}}}
    with pytest.raises(SettingError, match=r"truth.full.subsets is 11, but truth.shards hold 10"):
        attributions.check(config)
