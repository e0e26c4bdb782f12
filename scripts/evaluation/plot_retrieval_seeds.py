"""Recall of near-duplicates by every method over training seeds: each pair's outcome is averaged over them first."""

from attribution.runtime import job

job.begin()

from attribution.drawing import intervals as retrieval_figure

job.run(retrieval_figure.draw)
