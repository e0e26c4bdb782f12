"""All that a run of every study would check of the settings, and settings as a user writes them."""

import copy

import yaml
from snakemake.utils import update_config

from attribution.costs import requests as requirements
from attribution.settings import check as settings
from attribution.settings import run_checks
from helpers import CONFIG, SCHEMA


def check_with_studies(config):
    """All that a run of every study would check."""
    settings.check(config, SCHEMA)
    for name, study in config["studies"].items():
        run_checks.study(config, name)
        n = requirements.of_data(config["datasets"][study["dataset"]])["n"]
        for variant in ("", *config["groups"]["variants"]):
            run_checks.groups(config, study["dataset"], n, variant)
        run_checks.targets(config, study["dataset"], n)
        run_checks.overlap(config, study["dataset"], n)


def merged(written):
    """The default with a user's file over it, as Snakemake merges them."""
    config = copy.deepcopy(CONFIG)
    update_config(config, yaml.safe_load(written))
    return config
