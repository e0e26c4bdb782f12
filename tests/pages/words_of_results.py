"""The text of docs/results.md, and numbers of the tables that it speaks of."""

import re

from helpers import ROOT
from writing import results

PAGE = re.sub(r"\s+", " ", (ROOT / "docs/results.md").read_text())


def value(name: str, column: str, **of: str) -> float:
    """The number of the one row of a table that has these values."""
    (found,) = {row[column] for row in results.read(name) if all(row[key] == text for key, text in of.items())}
    return float(found)


def says(sentence: str) -> None:
    assert sentence in PAGE, sentence


def image(model: str, alpha: str, column: str = "lds") -> float:
    return value("border", column, dataset="cifar10-border", model=model, alpha=alpha, method="metagradient")
