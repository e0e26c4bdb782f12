"""What may be left out of studies and models, and the values it then has."""

import copy

import pytest

import helpers
from attribution.settings import check, defaults
from attribution.settings.errors import SettingError

TRAINING = {
    "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "epochs": 50, "batch_size": 64, "schedule": [],
}  # fmt: skip


def prepared(**sections):
    config = copy.deepcopy(helpers.CONFIG)
    for section, entries in sections.items():
        config[section] |= entries
    return check.prepared(config, helpers.SCHEMA)


def test_an_mlp_needs_two_keys():
    found = prepared(models={"mine": {"architecture": "mlp", "hidden": [8]}})
    check.check(found, helpers.SCHEMA)
    expected = {"architecture": "mlp", "hidden": [8], "dropout": 0.0, "l1": 0.0, "l2": 0.0, "training": TRAINING}
    assert found["models"]["mine"] == expected


def test_a_part_of_a_training_is_completed_and_a_trained_network_has_none():
    found = prepared(
        models={
            "net": {"architecture": "cnn", "rescale": {"from": [0, 1], "to": [0, 1]}, "training": {"epochs": 3}},
            "file": {"architecture": "keras-file", "path": "a.keras"},
        }
    )["models"]
    assert found["net"]["training"] == TRAINING | {"epochs": 3, "warmup": 0}
    assert (found["net"]["flip"], found["net"]["mixed_precision"]) == (False, "auto")
    assert found["file"] == {"architecture": "keras-file", "path": "a.keras"}


def test_a_study_needs_its_data_set_and_its_model():
    found = prepared(studies={"mine": {"dataset": "toy", "model": "mlp-l2"}})["studies"]["mine"]
    assert found == {"dataset": "toy", "model": "mlp-l2", "seed": 0, "scope": "last_layer", "attributed": ["mlp-l2"]}
    with pytest.raises(SettingError, match=r"studies.mine.model is missing"):
        prepared(studies={"mine": {"dataset": "toy"}})


def test_built_in_entries_hold_all_their_keys():
    """So that a default that changes reruns nothing of theirs."""
    config = helpers.CONFIG
    assert defaults.filled(config, helpers.SCHEMA) == config


def test_no_entry_shares_a_default_with_another():
    found = prepared(models={name: {"architecture": "mlp", "hidden": [2]} for name in "ab"})["models"]
    first, second = found["a"], found["b"]
    first["training"]["schedule"].append(1)
    assert second["training"]["schedule"] == []
