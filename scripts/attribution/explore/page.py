"""The page: one HTML file with its data, styles and scripts inside, which asks no host for anything."""

import base64
import gzip
import json
import re
from pathlib import Path

import numpy as np
from plotly import offline

TEMPLATE, STYLE = "page.html", "page.css"
PLACE = re.compile(r"\{\{ (\w+) \}\}")


def render(files: list[Path], title: str, data: dict, downloads: dict[str, bytes]) -> str:
    """The whole page as text.

    Args:
        files: the template page.html, the style page.css and the scripts, those in the order of their names.
        title: of the page. data: what the scripts show, of dicts, lists, texts, numbers and NumPy arrays; NaN becomes
            null. downloads: name -> content of files that a button gives as they are, stored compressed.
    """
    text = {path.name: path.read_text(encoding="utf-8") for path in map(Path, files)}
    scripts = [text[name] for name in sorted(text) if name.endswith(".js")]
    packed = {name: base64.b64encode(gzip.compress(content, mtime=0)).decode() for name, content in downloads.items()}
    parts = {
        "title": _escaped(title),
        "style": text[STYLE],
        "plotly": offline.get_plotlyjs(),
        "data": _json(data),
        "downloads": _json(packed),
        "script": "\n".join(scripts),
    }
    if lacking := sorted(set(parts) - set(PLACE.findall(text[TEMPLATE]))):
        raise ValueError(f"{TEMPLATE} has no place {{{{ {lacking[0]} }}}}")
    # in one pass: what is put in may look like a place
    return PLACE.sub(lambda place: parts[place[1]], text[TEMPLATE])


def plain(value):
    """JSON's form of a value: arrays as lists, numbers rounded to six digits, NaN and infinity as None."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    if isinstance(value, np.generic):
        return value.item()
    return value


def _json(value) -> str:
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # in texts alone; a </script or <!-- of the user's would end what stands between script tags, or begin a comment
    return text.replace("<", "\\u003c")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
