"""The schema of the settings, from one file a section."""

from pathlib import Path

import yaml

ROOT = "schema.yaml"


def load(folder) -> dict:
    """Join the files of config/schema and its folders: a section each, and the frame with what several sections share.

    Args:
        folder: its path. `required` of schema.yaml names the sections, in the order in which messages list them. Which
            folder a section's file stands in says nothing.

    Returns:
        the JSON schema; `$defs` of a section's file stand with all others, so names are used once.

    Raises:
        ValueError: when a section has no file or two, or a file no section, or a definition is there twice.
    """
    folder = Path(folder)
    schema = _read(folder / ROOT)
    sections = schema["required"]
    files = sorted(path for path in folder.rglob("*.yaml") if path != folder / ROOT)
    found = {path.stem: path for path in files}
    if found.keys() != set(sections):
        odd = ", ".join(sorted(found.keys() ^ set(sections)))
        raise ValueError(f"{folder / ROOT} and the files beside it differ in the sections {odd}")
    again = [path for path in files if path != found[path.stem]]
    if again:
        raise ValueError(f"{again[0]} and {found[again[0].stem]} are of one section; put them together")
    schema["properties"] = {name: _read(found[name]) for name in sections}
    for name, section in schema["properties"].items():
        shared = section.pop("$defs", {})
        twice = sorted(shared.keys() & schema["$defs"].keys())
        if twice:
            raise ValueError(f"{found[name]} defines {', '.join(twice)}, which another file defines too")
        schema["$defs"] |= shared
    return schema


def resolved(node: dict, schema: dict) -> dict:
    """A node with what its $ref leads to; what stands beside the $ref wins."""
    while "$ref" in node:
        found = schema
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found | {key: value for key, value in node.items() if key != "$ref"}
    return node


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
