"""topk.h5: the most helpful and most harmful training points of every point; names go on with _train and _test."""

FILES = {"topk.h5": "scope"}

HELPFUL, HARMFUL = "helpful", "harmful"
