"""What jobs ask a cluster for, by the sizes that their wildcards name."""

from types import SimpleNamespace

import pytest

import helpers
from attribution.settings import extends
from attribution.workflow import resources, targets

CONFIG = extends.resolved(targets.settings_of(helpers.ROOT / "config"))


def test_a_job_asks_by_the_size_of_what_its_wildcards_name():
    wildcards = SimpleNamespace(dataset="cifar10", model="cnn", seed="0", scope="/all_layers")
    size = resources.size_of(CONFIG, wildcards)
    assert (size["n"], size["targets"], size["group_size"], size["scope"]) == (50_000, 10, 25, "all_layers")
    assert resources.size_of(CONFIG, SimpleNamespace(study="toy")) == {}
    shard = SimpleNamespace(dataset="toy", model="mlp-dropout", seed="0", alpha="0.5", shard="held-out")
    assert resources.size_of(CONFIG, shard)["members"] == CONFIG["datamodels"]["held_out"]


def test_derivatives_at_subsets_ask_for_the_time_of_as_many_trainings():
    of = {name: SimpleNamespace(dataset="toy", model="mlp-l2", seed="0", method=name)
          for name in ("metagradient", "metagradient-subsets", "trak-subsets")}  # fmt: skip
    size = {name: resources.size_of(CONFIG, wildcards) for name, wildcards in of.items()}
    networks = CONFIG["unrolled"]["subsets"]["networks"]
    assert [found["differentiated"] for found in size.values()] == [1, networks, 1]
    once, often = (resources.requests.request("attribute_method", size[f"metagradient{end}"])
                   for end in ("", "-subsets"))  # fmt: skip
    assert often["runtime"] > once["runtime"] and often["mem_mb"] >= once["mem_mb"]


def test_a_name_that_is_no_method_asks_as_one_that_takes_no_derivatives_and_keeps_none():
    for name in ("ekfac-untrained", "metagradient-subsets-5", "influence-unit-components"):
        size = resources.size_of(CONFIG, SimpleNamespace(dataset="toy", model="mlp-l2", seed="0", method=name))
        assert (size["differentiated"], size["kept_of_gradients"]) == (1, 0)


@pytest.mark.parametrize("method", ["trak", "trak-subsets"])
def test_trak_asks_for_the_memory_of_its_features_or_of_all_pairs(method):
    def size(method: str, dataset: str = "cifar10", **of_trak) -> dict:
        config = CONFIG | {"trak": CONFIG["trak"] | of_trak}
        return resources.size_of(config, SimpleNamespace(dataset=dataset, model="cnn-smooth", seed="0", method=method))

    projected = {"projection": 2048, "blocks": 4}
    more, less = (resources.requests.request("attribute_method", size(name, **projected))["mem_mb"]
                  for name in (method, "kfac"))  # fmt: skip
    features = 4 * 50_000 * 2048 * 4
    assert features < 1e6 * (more - less) < 1.5 * features
    assert size(method, "cifar10-truth")["kept_of_gradients"] == 2 * 8 * 2000**2
    # refused before it is held
    assert size(method)["kept_of_gradients"] == size("kfac", "cifar10-truth")["kept_of_gradients"] == 0
