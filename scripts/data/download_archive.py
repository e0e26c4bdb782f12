"""Download an archive; a killed download is gone on with."""

from attribution.data import download
from attribution.runtime import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])
    download.fetch(snakemake.params.source["address"], snakemake.output.archive, snakemake.params.source["digest"])
