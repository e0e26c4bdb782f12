"""A known run of images with everything that its page shows, and the page."""

from types import SimpleNamespace

import numpy as np
import pytest

import explain_method
import known_run
import list_explanations
import list_suspicious
import write_explore_page
from attribution.explore import samples
from attribution.files import hdf5
from attribution.methods import base
from attribution.workflow import registry
from helpers import ROOT

METHODS = ("last-layer", "embedding-cosine")
SUSPICIOUS = ("self-influence", "loss")
EXPLAINED = {"wrong": 3, "uncertain": 2, "each_class": False, "classes": "all", "rows": [4]}
SETTINGS = {"points": 56, "listed": 8, "central": 5, "alike": 3, "seed": 0}
TEMPLATE = [str(path) for path in sorted((ROOT / "scripts/answers/page").iterdir())]


def answers(home) -> None:
    """suspicious.csv and explanations.csv of a known run, by the jobs of stage answers."""
    data, gradients = str(home.parents[1] / "data.h5"), str(home / "gradients.h5")
    scores = {name: str(home / f"scores/{name}.h5") for name in SUSPICIOUS}
    list_suspicious.list_suspicious(data, gradients, None, scores, tie_seed=0, path=str(home / "suspicious.csv"))
    files = {name: str(home / f"{name}.h5") for name in ("gradients", "hessian", "influence")} | {"data": data}
    pairs = {name: str(home / f"explanations/{name}.h5") for name in METHODS}
    for name, path in pairs.items():
        method = base.resolve(registry.METHODS[name])
        settings = {"influence.cg": {}, "groups.tie_seed": 0}
        explain_method.explain_method(name, method, files, settings, EXPLAINED, {}, 0, "digest", path, {})
    list_explanations.list_explanations(
        data, gradients, pairs, points=4, tie_seed=0, path=str(home / "explanations.csv")
    )


def divided(home, labels: np.ndarray) -> None:
    """A partition into the first class and the others, and what the removal of its parts did, as measured twice."""
    parts = np.where(labels == 0, 0, 1)
    central = np.array([np.flatnonzero(parts == part)[:3] for part in (0, 1)])
    hdf5.write(
        home / "partition.h5",
        {"kernel/labels": parts, "kernel/normalised_influence": [2.0, 3.0], "kernel/central": central}, {},
    )  # fmt: skip
    changes = np.array([[[0.5, 0.1], [0.2, 1.0]], [[0.7, 0.3], [0.2, 1.0]]])
    hdf5.write(home / "partition-removals-fixed.h5", {"kernel/changes": changes}, {})


def placed(home, n: int) -> dict[str, np.ndarray]:
    """Attributions and datamodels of the run, by their files: two test points' by TracIn, and one fitted datamodel."""
    rng = np.random.default_rng(5)
    found = {"attributions/tracin": rng.normal(size=(2, n)), "datamodels/retrain-alpha0.5-k50": rng.normal(size=(1, n))}
    for (name, values), array in zip(found.items(), ("pairs", "weights"), strict=True):
        hdf5.write(home / f"{name}.h5", {array: values}, {})
    return found


@pytest.fixture(scope="package")
def explored(tmp_path_factory):
    """The run's folder `home`, its `arrays`, the `page` and what it places points by beside the run's own results;
    60 training images, of which 56 are on the page."""
    arrays = known_run.clusters(shape=(6, 6, 3), noise=5.0)
    home = known_run.write(tmp_path_factory.mktemp("explored"), arrays, scores=SUSPICIOUS)
    answers(home)
    divided(home, arrays["y_train"])
    files = {name: str(home / f"{name}.h5") for name in ("gradients", "hessian", "influence")}
    files |= {name: str(home / f"{name}.csv") for name in ("suspicious", "explanations")}
    files |= {"data": str(home.parents[1] / "data.h5"), "template": TEMPLATE}
    maps = placed(home, len(arrays["y_train"]))
    shown = ("groups", "partition", "partition-removals-fixed", *maps)
    files["shown"] = [str(home / f"{name}.h5") for name in shown]
    # a row of images a sheet, so that the page has more than one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "SIDE", 7)
        write_explore_page.write_explore_page(files, TEMPLATE, SETTINGS, str(home / "explore.html"))
    return SimpleNamespace(home=home, arrays=arrays, page=home / "explore.html", files=files, maps=maps)
