"""topk.h5: the most helpful and most harmful training points of every point; names go on with _train and _test.

Indices are places in data.h5, which is shuffled; `rows_train` (n,) and `rows_test` (m,) are the user's own rows of
these places, so that `rows_train[helpful_test]` has the rows of the points that help, in the order of `rows_test`.
"""

FILES = {"topk.h5": "scope"}

HELPFUL, HARMFUL, OWN_ROWS = "helpful", "harmful", "rows"
