"""datamodels/*.h5: linear models of each point's margin in the training subset."""

FILES = {"datamodels/*.h5": "run", "datamodels/*.csv": "run"}

WEIGHTS, INTERCEPT, PENALTY = "weights", "intercept", "penalty"
