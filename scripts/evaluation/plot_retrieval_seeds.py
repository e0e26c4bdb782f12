"""Recall of near-duplicates by every method over training seeds: each pair's outcome is averaged over them first."""

from attribution.runtime import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

from attribution.drawing import intervals as retrieval_figure

if "snakemake" in globals():
    retrieval_figure.draw(
        snakemake.input.table,
        snakemake.input.style,
        snakemake.params.dpi,
        snakemake.output.png,
    )
