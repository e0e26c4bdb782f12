"""data.h5: samples, labels and what is known of them. `x` (n, ...), everything else (n,) or, of pairs, (pairs, 2)."""

FILES = {"data.h5": "dataset"}

X_TRAIN, Y_TRAIN = "x_train", "y_train"
X_TEST, Y_TEST = "x_test", "y_test"
SUBGROUP_TRAIN = "subgroup_train"
INDEX_TRAIN, INDEX_TEST = "index_train", "index_test"
FLIPPED_TRAIN, ORIGINAL_Y_TRAIN = "flipped_train", "original_y_train"
INJECTED_PAIRS = "injected_pairs"
