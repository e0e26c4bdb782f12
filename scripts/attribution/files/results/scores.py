"""Scores of a method, and its groups from the seeds of a table; their arrays are in `methods.scores`."""

# groups of evaluation.csv grow in its scope, those of other tables in the last layer
FILES = {"scores/recovery/*.h5": "scope", "scores/*/*.h5": "run", "scores/*.h5": "scope"}
