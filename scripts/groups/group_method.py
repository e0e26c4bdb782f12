"""scores/TABLE/METHOD.h5: groups that one attribution method grows from the seeds of a table."""

from attribution.runtime import job

job.begin()

from attribution.files import provenance
from attribution.methods import base, targets, writing
from attribution.methods.run import Run

job.run(
    writing.write_groups,
    label="wildcards.method",
    method=lambda params: base.resolve(params["method"]),
    run=lambda files, settings: Run(files, settings),
    seeds=targets.seeds,
    attributes=provenance.attributes,
)
