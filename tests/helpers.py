"""What tests share: where the project lies, and the environment of a process that runs its scripts."""

import copy
import os
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.iocontainers import Wildcards
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

from attribution.settings import extends
from attribution.settings import schema as settings_schema
from attribution.workflow import targets

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "scripts"
SCHEMA = settings_schema.load(ROOT / "config/schema")
CONFIG = extends.resolved(targets.settings_of(ROOT / "config"))
# without those of images: of the tests' own data set cifar10 there is then one study
CONFIG["studies"] = {name: CONFIG["studies"][name] for name in ("toy", "toy-flipped")}


def script_environment(**variables: str) -> dict[str, str]:
    """This process's environment with every folder of scripts on the path of Python, and further variables."""
    folders = [str(SCRIPTS), *(str(path) for path in sorted(SCRIPTS.iterdir()) if path.is_dir())]
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders)} | variables


def parsed(settings: dict, files: list[Path] = ()):
    """The workflow with these settings, and those of files, over config/, as Snakemake reads it; nothing is built."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        given = ConfigSettings(config=copy.deepcopy(settings), configfiles=files)
        resources = ResourceSettings(cores=1)
        return api.workflow(resources, config_settings=given, snakefile=ROOT / "Snakefile")._workflow


def schema() -> dict:
    """The schema of the settings."""
    return settings_schema.load(ROOT / "config/schema")


def wildcards(**values: str) -> Wildcards:
    """Wildcards as Snakemake gives them to an input function."""
    return Wildcards(fromdict=values)
