"""How often the side of the border that a training is told to be on is right, from docs/results/border.csv."""

from pathlib import Path

import numpy as np

from attribution.retraining import border
from writing import blocks, results

EXACT = "metagradient"


def table(folder: Path = results.FOLDER) -> str:
    """A row a data set and one for all: cells by side with their scores, and how many were told wrongly."""
    rows = [row for row in results.read("border", folder) if row["method"] == EXACT]
    growth, even, scores = (
        np.array([float(row[name]) for row in rows]) for name in ("growth", "metasmoothness", "lds")
    )
    recipes, data = (np.array([row[name] for row in rows]) for name in ("model", "dataset"))
    found, others = border.sides(growth, even), border.left_out(growth, even, scores, recipes)
    lines = []
    for name in (*dict.fromkeys(data), "all"):
        here = (data == name) | (name == "all")
        ranges = [_range(scores[here & (found == side)]) for side in reversed(border.SIDES)]
        errors = [border.told(by[here], scores[here]) for by in (found, others)]
        lines.append(
            [name, str(here.sum()), *ranges, *(f"{wrong} wrong, {unclear} unclear" for wrong, unclear in errors)]
        )
    header = ["data", "cells", *(f"`{side}`" for side in reversed(border.SIDES))]
    return blocks.table([*header, "told", "told by the other recipes"], lines)


def _range(scores: np.ndarray) -> str:
    """How many, and their scores from the least to the most."""
    return f"{len(scores)}: {scores.min():.2f} to {scores.max():.2f}" if len(scores) else "0"
