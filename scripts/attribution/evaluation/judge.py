"""What a judge is that needs no settings, and how its name becomes one."""

import importlib
from collections.abc import Callable

import pandas as pd

# data.h5, and method -> scores/METHOD.h5 or scores/TABLE/METHOD.h5 (see `attribution.methods.scores`) to a table with a
# row or more for each method
Judge = Callable[[str, dict[str, str]], pd.DataFrame]


def resolve(text: str) -> Judge:
    """The judge that a text of the registry, `module:function`, stands for."""
    module, _, name = text.partition(":")
    return getattr(importlib.import_module(f"attribution.evaluation.{module}"), name)
