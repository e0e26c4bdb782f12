"""scores/TABLE/METHOD.h5: groups that one attribution method grows from the seeds of a table."""

from attribution.runtime import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

from attribution.files import provenance
from attribution.methods import base, targets, writing
from attribution.methods.run import Run

if "snakemake" in globals():
    asked = snakemake.params.asked
    writing.write_groups(
        snakemake.wildcards.method,
        base.resolve(snakemake.params.method),
        Run(dict(snakemake.input.items()), snakemake.params.settings),
        targets.seeds(snakemake.input.data, asked, snakemake.params.subgroups),
        asked,
        snakemake.output.scores,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
