"""The page of a study's summary: one HTML file without scripts or anything from elsewhere."""

import os
import re
from pathlib import Path

import jinja2
import pandas as pd

from attribution.answers import summary


def render(template: str, page: dict) -> str:
    """The page as text; what it shows is escaped.

    Args:
        template: path of a Jinja template. page: what it names.
    """
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(Path(template).read_text(encoding="utf-8")).render(page)


def table(path: str, title: str, caption: str) -> dict:
    """A CSV table as the page has it.

    Args:
        caption: as in the report, a Jinja template of `snakemake.output` in reStructuredText.
    """
    found, rows = summary.shown(path)
    return {"title": title, "path": path, "rows": rows, "caption": plain(caption, path), **cells(found)}


def plain(caption: str, path: str) -> str:
    """A caption of the report as text."""
    text = jinja2.Environment().from_string(caption).render(snakemake={"output": [path]})
    return re.sub(r"\s+", " ", text.replace("`", "")).strip()


def cells(table: pd.DataFrame) -> dict:
    """Columns of a table, which of them are numbers, and its rows, all as texts."""
    texts = summary.formatted(table.astype(str))
    numbers = [summary.is_numbers(texts[name]) for name in texts]
    return {"columns": list(texts), "numbers": numbers, "cells": texts.to_numpy().tolist(), "shown": len(texts)}


def linked(paths: list[str], page: str) -> list[dict]:
    """Files with their sizes, and where they lie as seen from the page."""
    return [
        {"path": path, "size": size(os.path.getsize(path)), "link": os.path.relpath(path, Path(page).parent)}
        for path in paths
    ]


def size(count: int) -> str:
    """Bytes in the unit that fits."""
    for unit, length in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count} bytes"
