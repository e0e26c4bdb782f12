"""Recall of near-duplicates by every method, with intervals, and which method wins."""

from attribution.runtime import job

job.begin()

from attribution.drawing import intervals as retrieval_figure

job.run(retrieval_figure.draw)
