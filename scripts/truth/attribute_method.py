"""attributions/METHOD.h5: what one method says of the margins of the test points that judges ask about."""

from attribution.runtime import job

job.begin()

from attribution.files import hdf5, provenance, resume
from attribution.files.results.data import Y_TEST
from attribution.methods import base, writing
from attribution.methods.run import Run
from attribution.retraining import truth


def attribute_method(
    label: str, method: base.Method, files: dict, settings: dict, recipe: dict, seed: int, digest: str, path: str,
    attributes: dict,
) -> None:  # fmt: skip
    """Write `targets` (t,) test indices and `pairs` (t, n), positive = helpful; see `writing.write_attributions`."""
    with hdf5.opened(files["data"], Y_TEST) as (labels,):
        targets = truth.target_points(len(labels), settings["truth.targets"], settings["truth.seed"])
    run = Run(files, settings, tested=True, recipe=recipe, seed=seed, work=resume.shards(path, digest))
    writing.write_attributions(label, method, run, targets, path, attributes)
    resume.discard(path)


job.run(
    attribute_method,
    label="wildcards.method",
    method=lambda params: base.resolve(params["method"]),
    digest=resume.of_job,
    attributes=provenance.attributes,
)
