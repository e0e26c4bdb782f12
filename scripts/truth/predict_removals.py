"""group-removals/METHOD.h5: falls of margins that a method of groups predicts when each group of the truth leaves."""

from attribution.runtime import job

job.begin()

import time

import numpy as np

from attribution.files import hdf5, provenance
from attribution.files.results.data import X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.influence import TARGETS
from attribution.files.results.retraining import FALLS, KEPT
from attribution.methods import base
from attribution.methods.run import Run
from attribution.retraining import truth


def predict_removals(
    label: str, method: base.Method, files: dict, settings: dict, drawn: dict, recipe: dict, seed: int, path: str,
    attributes: dict,
) -> None:  # fmt: skip
    """Write `targets` (t,) test indices, `kept` (g, n) and `falls` (g, t), and the seconds that these took.

    Args:
        drawn: which groups leave and whose margins are asked, see `truth.sets`.

    Raises:
        ValueError: when a prediction is not finite, or the method gives none.
    """
    x, y, labels = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, Y_TEST)
    targets = truth.target_points(len(labels), drawn["targets"], drawn["seed"])
    kept, begun = truth.sets("groups", [], x, y, drawn, files.get("found")).kept, time.perf_counter()
    run = Run(files, settings, tested=True, recipe=recipe, seed=seed)
    falls = np.asarray(base.part(method, "falls", label)(run, targets, kept), dtype=np.float64)
    if not np.isfinite(falls).all():
        raise ValueError(f"{(~np.isfinite(falls)).sum()} of {falls.size} falls by method '{label}' are not finite")
    facts = {"method": label, "seconds": time.perf_counter() - begun} | run.facts
    print(f"{label}: {facts['seconds']:.1f} s", flush=True)
    hdf5.write(path, {TARGETS: targets, KEPT: kept, FALLS: falls}, attributes | facts)


job.run(
    predict_removals,
    label="wildcards.method",
    method=lambda params: base.resolve(params["method"]),
    attributes=provenance.attributes,
)
