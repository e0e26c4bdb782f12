"""Download an archive; a killed download is gone on with."""

from attribution.runtime import job

job.begin()

from attribution.data import download

job.run(download.fetch, address="params.source.address", digest="params.source.digest")
