"""boundary.h5: how far parameters must move to change the prediction of each point `index`, all (points,)."""

FILES = {"boundary.h5": "scope"}

SCORE, SOLVED, STEPS, TARGET, INDEX = "score", "solved", "steps", "target", "index"
