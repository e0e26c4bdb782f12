"""scores/METHOD.h5: what one attribution method gives every training point, and every injected image."""

from attribution.runtime import job

job.begin()

from attribution.files import provenance
from attribution.methods import base, writing
from attribution.methods.run import Run

job.run(
    writing.write_scores,
    label="wildcards.method",
    method=lambda params: base.resolve(params["method"]),
    run=lambda files, settings, recipe, seed: Run(files, settings, recipe=recipe or None, seed=int(seed)),
    attributes=provenance.attributes,
)
