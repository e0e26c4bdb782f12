"""scores/METHOD.h5: what one attribution method gives every training point, and every injected image."""

from attribution.runtime import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

from attribution.files import provenance
from attribution.methods import base, writing
from attribution.methods.run import Run

if "snakemake" in globals():
    writing.write_scores(
        snakemake.wildcards.method,
        base.resolve(snakemake.params.method),
        Run(dict(snakemake.input.items()), snakemake.params.settings),
        snakemake.output.scores,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
