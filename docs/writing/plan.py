"""The workflow as Snakemake reads it, as JSON: run by itself, in an empty folder, as parsing has effects of its own."""

import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

ROOT = Path(__file__).parent.parent.parent


def rules(configfiles: list[str]) -> list[dict]:
    """Name, file, script and outputs of every rule; of a target, a rule without either, what it is and its files."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        read = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[Path(file) for file in configfiles]),
            snakefile=ROOT / "Snakefile",
        )
        # the API itself has no way to the rules
        described = read._workflow.config.get("targets", {})
        return [_facts(rule, described.get(rule.name, {})) for rule in read._workflow.rules]


def _facts(rule, target: dict) -> dict:
    script = str(rule.script) if rule.script else None
    files = []
    if not rule.output and not script:
        for wanted in rule.input:
            wanted = wanted({}) if callable(wanted) else wanted
            files += [str(file) for file in ([wanted] if isinstance(wanted, str) else wanted)]
    return {
        "name": rule.name,
        "file": str(Path(rule.snakefile).relative_to(ROOT)),
        "script": script and script[script.index("scripts/") :],
        "output": [str(file) for file in rule.output],
        "description": target.get("description"),
        "wanted": files,
    }


if __name__ == "__main__":
    print(json.dumps(rules(sys.argv[1:])))
