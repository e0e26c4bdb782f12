"""Whose folder a result file stands in, from the descriptions in `results`. For rules; scripts get whole paths."""

import functools
import importlib
import pkgutil
from fnmatch import fnmatchcase

from attribution.files import results

SCOPES = ("dataset", "run", "scope", "study")


@functools.cache
def described(images: bool = False) -> dict[str, str]:
    """Pattern of a file's name -> its scope, one of SCOPES, of every result file.

    Args:
        images: whether the run's data has no plane, see `FILES_OF_IMAGES`.

    Raises:
        ValueError: when two modules describe a file, or a scope is none.
    """
    found = {}
    for module in pkgutil.iter_modules(results.__path__):
        part = importlib.import_module(f"{results.__name__}.{module.name}")
        for name, scope in (part.FILES | (getattr(part, "FILES_OF_IMAGES", {}) if images else {})).items():
            if name in found or scope not in SCOPES:
                raise ValueError(f"files/results/{module.name}.py describes {name} twice, or in no scope: '{scope}'")
            found[name] = scope
    return found


def scope_of(name: str, images: bool = False) -> str:
    """The scope of a result file: `dataset`, `run`, `scope` or `study`.

    Args:
        name: below its folder, "groups-minimum.h5" or "datamodels/retrain-alpha0.5-k50.h5". images: see `described`.

    Raises:
        KeyError: for a file that no module describes; one sentence.
    """
    for pattern, scope in described(images).items():
        if fnmatchcase(name, pattern):
            return scope
    raise KeyError(f"{name} is described by no module of files/results; add it to FILES of the one it belongs to")
