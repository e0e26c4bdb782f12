"""Sizes of what a recipe stands for: a network, or features and a last layer that a file gives."""

import functools
import os

from attribution.costs import data_sizes
from attribution.costs import sizes as network_sizes


def sizes(recipe: dict, shape: tuple, outputs: int) -> dict:
    """`sizes.sizes` of a network, or of a last layer whose features a file gives; of one version it is read once."""
    if recipe["architecture"] != "factors":
        return network_sizes.sizes(recipe, shape, outputs)
    path = recipe["path"]
    return dict(_of_factors(path, outputs, os.stat(path).st_mtime_ns if os.path.isfile(path) else 0))


@functools.cache
def _of_factors(path: str, outputs: int, version: int) -> dict:
    return data_sizes.of_factors(path, outputs)
