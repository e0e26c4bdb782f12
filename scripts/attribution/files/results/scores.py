"""Scores of a method, and its groups from the seeds of a table; their arrays are in `methods.scores`."""

FILES = {"scores/*/*.h5": "run", "scores/*.h5": "scope"}
