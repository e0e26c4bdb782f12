"""Tables of the settings from the schema's descriptions."""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from attribution.settings import schema as schema_files
from writing.blocks import PageError, table

CONFIG = Path(__file__).parent.parent.parent / "config"
# a group's settings have a section of their own: no rows for them where they are used again
GROUP = "#/$defs/group"


@functools.cache
def load(config: Path = CONFIG) -> dict:
    """The schema, joined from the files of config/schema."""
    return schema_files.load(config / "schema")


def described(node: dict) -> str:
    """The description, with the values that may be taken where it does not name them all."""
    text = node.get("description", "")
    values = node.get("enum") or node.get("items", {}).get("enum", [])
    values = [value for value in values if not isinstance(value, bool)]
    if not all(value in text for value in values):
        text = f"{text} One of {listed(values)}.".strip()
    default = node.get("default")
    shown = str(default).lower() if isinstance(default, bool) else default
    # {} is filled with defaults of its own keys
    return text if default in (None, {}) else f"{text} {shown} without the key."


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def same_kind(properties: dict) -> dict | None:
    """What several settings beside each other all are, as scopes or forms; None where they differ."""
    first, *others = properties.values() or [{}]
    return first if others and "$ref" in first and all(child == first for child in others) else None


def rows(schema: dict, node: dict, above: tuple[str, ...], shared: str | None = GROUP) -> Iterator[tuple[tuple, str]]:
    """(keys from the section on, meaning) of every setting below a node, a parent before its keys.

    Settings of the same kind beside each other have one row, NAME standing for their names. What `shared` leads to has
    no rows of its own. PageError: a setting without a description.
    """
    for key, child in schema_files.resolved(node, schema).get("properties", {}).items():
        path, whole = (*above, key), schema_files.resolved(child, schema)
        text = described(whole)
        if not text:
            raise PageError(f"the setting {'.'.join(path)} has no description in the schema")
        alike = same_kind(whole.get("properties", {}))
        if alike:
            yield path, f"{text} NAME is one of {listed(whole['properties'])}."
            yield from rows(schema, alike, (*path, "NAME"), shared)
            continue
        yield path, text
        if not (shared and child.get("$ref", "").startswith(shared)):
            for part in (whole, *(whole.get(case, {}) for case in ("then", "else"))):
                yield from rows(schema, part, path, shared)
                items = part.get("items", {})
                if not (shared and items.get("$ref", "").startswith(shared)):
                    yield from rows(schema, items, path, shared)


def joined(found: Iterator[tuple]) -> dict[tuple, str]:
    """Meanings by keys; a setting that comes twice, as in both forms of a schedule, has both in one row."""
    texts: dict[tuple, list[str]] = {}
    for path, text in found:
        if text not in texts.setdefault(path, []):
            texts[path].append(text)
    return {path: " ".join(text) for path, text in texts.items()}


def name(path: tuple[str, ...]) -> str:
    return " ".join(part if part == "NAME" else f"`{part}`" for part in path)


def escaped(text: str) -> str:
    return text.replace("|", "\\|")


def section(title: str, loader: str | None = None) -> str:
    """What a section is, and its table; of datasets, the keys that a loader adds. PageError: no such section."""
    schema = load()
    if title not in schema["properties"]:
        raise PageError(f"the schema has no section '{title}'")
    node = schema["properties"][title]
    if loader:
        return _table(rows(schema, {"properties": _keys_of(schema, loader)}, ("NAME",)))
    if title == "models":
        settings = _models(schema)
    elif isinstance(node.get("additionalProperties"), dict):
        settings = _table(rows(schema, node["additionalProperties"], ("NAME",)))
    else:
        settings = _table(rows(schema, node, (), None if title == "groups" else GROUP))
    return f"{node['description']}\n\n{settings}"


def _table(found: Iterator[tuple[tuple, str]]) -> str:
    return table(["key", "meaning"], [[name(path), escaped(text)] for path, text in joined(found).items()])


def _keys_of(schema: dict, loader: str) -> dict:
    """Keys that a loader adds, or those of `variant`."""
    shared = {key: {"$ref": f"#/$defs/variant/properties/{key}"} for key in schema["$defs"]["variant"]["properties"]}
    return {
        key: child
        for key, child in schema["$defs"][loader]["properties"].items()
        if key != "loader" and child != shared.get(key)
    }


def _models(schema: dict) -> str:
    """Keys of every architecture, one row a meaning, with the architectures that take it so."""
    model = schema["$defs"]["model"]
    architectures = model["properties"]["architecture"]["enum"]
    takes: dict[tuple, list[str]] = {}
    for case in model["allOf"]:
        own = schema_files.resolved(case["then"], schema)["properties"]
        properties = {key: child for key, child in own.items() if child}
        for entry in joined(rows(schema, {"properties": properties}, ("NAME",))).items():
            takes.setdefault(entry, []).append(case["if"]["properties"]["architecture"]["const"])
    order = list(dict.fromkeys(path[1] for path, _ in takes))
    lines = [[name(path), "all", escaped(text)] for path, text in joined(rows(schema, model, ("NAME",))).items()]
    for (path, text), names in sorted(takes.items(), key=lambda item: order.index(item[0][0][1])):
        lines.append([name(path), _short(names, architectures), escaped(text)])
    return table(["key", "architectures", "meaning"], lines)


def _short(names: list[str], architectures: list[str]) -> str:
    left = [f"`{name}`" for name in architectures if name not in names]
    return (
        ", ".join(f"`{name}`" for name in names) if len(left) > 2 else f"all but {', '.join(left)}" if left else "all"
    )
