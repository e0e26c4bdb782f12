"""The workflow as Snakemake reads it, as JSON: run by itself, in an empty folder, as parsing has effects of its own."""

import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

ROOT = Path(__file__).parent.parent.parent


def rules(configfiles: list[str]) -> list[dict]:
    """Name, file, script and first outputs of every rule; of a target also its files, of default studies."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        read = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[Path(file) for file in configfiles]),
            snakefile=ROOT / "Snakefile",
        )
        return [_described(rule) for rule in read._workflow.rules]


def _described(rule) -> dict:
    script = str(rule.script) if rule.script else None
    files = []
    if not rule.output and not script:
        for wanted in rule.input:
            wanted = wanted({}) if callable(wanted) else wanted
            files += [str(file) for file in ([wanted] if isinstance(wanted, str) else wanted)]
    return {
        "name": rule.name,
        "file": str(Path(rule.snakefile).relative_to(ROOT)),
        "line": rule.lineno,
        "script": script and script[script.index("scripts/") :],
        "output": [str(file) for file in rule.output],
        "wanted": files,
    }


if __name__ == "__main__":
    print(json.dumps(rules(sys.argv[1:])))
