"""data.h5: samples, labels and what is known of them. `x` (n, ...), everything else (n,) or, of pairs, (pairs, 2).

The order is shuffled. `index_train` is the row of the source, and `index_test` that of its test rows counted on after
the training rows, of which there are as many as the attribute `rows_train` says; `data.own_rows` gives the user's rows.
Texts, where the source has them: `id_train`, `id_test`, names of samples; `items_train`, `items_test`, what is shown.
Points that are held out from the training set, where there are, stand in arrays of their own, with `validation` in the
place of `train`: whatever reads training points reads none of them.

Attributes `class_names` and `subgroup_names`: in data.h5 those of the source, texts of labels or else numbers; in
named.h5, which links to the arrays of data.h5 beside it, those by which the settings call them. What computes reads the
first, what shows names the second.
"""

FILES = {"data.h5": "dataset", "named.h5": "dataset"}

X_TRAIN, Y_TRAIN = "x_train", "y_train"
X_TEST, Y_TEST = "x_test", "y_test"
X_VALIDATION, Y_VALIDATION = "x_validation", "y_validation"
SUBGROUP_TRAIN = "subgroup_train"
INDEX_TRAIN, INDEX_TEST = "index_train", "index_test"
# followed by _train, _validation or _test
INDEX, ID, ITEMS = "index", "id", "items"
# attribute
ROWS_TRAIN = "rows_train"
FLIPPED_TRAIN, ORIGINAL_Y_TRAIN = "flipped_train", "original_y_train"
INJECTED_PAIRS = "injected_pairs"
