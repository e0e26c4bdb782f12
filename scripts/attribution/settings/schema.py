"""The schema of the settings, from one file a section."""

from pathlib import Path

import yaml

ROOT = "schema.yaml"


def load(folder) -> dict:
    """Join the files of config/schema: a section each, and the frame with what several sections share.

    Args:
        folder: its path. `required` of schema.yaml names the sections, in the order in which messages list them.

    Returns:
        the JSON schema; `$defs` of a section's file stand with all others, so names are used once.

    Raises:
        ValueError: when a section has no file or a file no section, or a definition is there twice.
    """
    folder = Path(folder)
    schema = _read(folder / ROOT)
    sections = schema["required"]
    found = sorted(path.stem for path in folder.glob("*.yaml") if path.name != ROOT)
    if found != sorted(sections):
        odd = ", ".join(sorted(set(found) ^ set(sections)))
        raise ValueError(f"{folder / ROOT} and the files beside it differ in the sections {odd}")
    schema["properties"] = {name: _read(folder / f"{name}.yaml") for name in sections}
    for name, section in schema["properties"].items():
        shared = section.pop("$defs", {})
        twice = sorted(shared.keys() & schema["$defs"].keys())
        if twice:
            raise ValueError(f"{folder / name}.yaml defines {', '.join(twice)}, which another file defines too")
        schema["$defs"] |= shared
    return schema


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
