"""Values of what may be left out of a study, a data set or a model: `default` of the schema's keys."""

import copy

from attribution.settings import schema as schema_files

# sections whose entries have names, and keys with a default
SECTIONS = ("studies", "models")


def filled(config: dict, schema: dict) -> dict:
    """A copy of the settings in which every study and model has each key that the schema gives a default.

    Of a model those of its architecture; methods of a study are judged on its own model. What is no mapping stays, for
    the schema to report.
    """
    config = copy.deepcopy(config)
    for section in SECTIONS:
        node = schema["properties"][section]["additionalProperties"]
        for entry in config[section].values():
            _fill(entry, node, schema)
    for study in config["studies"].values():
        if isinstance(study, dict) and "model" in study:
            study.setdefault("attributed", [study["model"]])
    return config


def _fill(entry, node: dict, schema: dict) -> None:
    if not isinstance(entry, dict):
        return
    node = schema_files.resolved(node, schema)
    for case in node.get("allOf", []):
        if all(entry.get(key) == wanted.get("const") for key, wanted in case["if"]["properties"].items()):
            _fill(entry, case["then"], schema)
    for key, child in node.get("properties", {}).items():
        child = schema_files.resolved(child, schema) if child else {}
        if "default" in child:
            entry.setdefault(key, copy.deepcopy(child["default"]))
            _fill(entry[key], child, schema)
