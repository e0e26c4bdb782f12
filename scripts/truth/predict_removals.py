"""group-removals/METHOD.h5: falls of margins that a method of groups predicts when each group of the truth leaves."""

from attribution.runtime import job

job.begin()

from attribution.files import hdf5, provenance
from attribution.files.results.data import X_TRAIN, Y_TEST, Y_TRAIN
from attribution.methods import base, writing
from attribution.methods.run import Run
from attribution.retraining import truth


def predict_removals(
    label: str, method: base.Method, files: dict, settings: dict, drawn: dict, recipe: dict, seed: int, path: str,
    attributes: dict,
) -> None:  # fmt: skip
    """Write `targets` (t,) test indices, `kept` (g, n) and `falls` (g, t); see `writing.write_falls`.

    Args:
        drawn: which groups leave and whose margins are asked, see `truth.sets`.
    """
    x, y, labels = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, Y_TEST)
    targets = truth.target_points(len(labels), drawn["targets"], drawn["seed"])
    kept = truth.sets("groups", [], x, y, drawn, files.get("found")).kept
    run = Run(files, settings, tested=True, recipe=recipe, seed=seed)
    writing.write_falls(label, method, run, targets, kept, path, attributes)


job.run(
    predict_removals,
    label="wildcards.method",
    method=lambda params: base.resolve(params["method"]),
    attributes=provenance.attributes,
)
