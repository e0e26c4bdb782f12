"""influence.h5: self-influence and step length (n,), influence (targets, n) on the training points `targets`."""

FILES = {"influence.h5": "scope"}

SELF_INFLUENCE, STEP_NORM = "self_influence", "step_norm"
INFLUENCE, TARGETS = "influence", "targets"
