"""folds.h5: logits of each training point, (n, C), by a network that was trained without its `fold` (n,)."""

FILES = {"folds.h5": "run"}

FOLD = "fold"
