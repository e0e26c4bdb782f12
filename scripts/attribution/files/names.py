"""Names of the arrays in the result files: the file contract, written once."""

X_TRAIN, Y_TRAIN = "x_train", "y_train"
X_TEST, Y_TEST = "x_test", "y_test"
SUBGROUP_TRAIN = "subgroup_train"
INDEX_TRAIN, INDEX_TEST = "index_train", "index_test"
FLIPPED_TRAIN, ORIGINAL_Y_TRAIN = "flipped_train", "original_y_train"
INJECTED_PAIRS = "injected_pairs"

FEATURES_TRAIN, RESIDUALS_TRAIN, LOGITS_TRAIN = "features_train", "residuals_train", "logits_train"
FEATURES_TEST, RESIDUALS_TEST, LOGITS_TEST = "features_test", "residuals_test", "logits_test"
PARAMETERS, DECAY, DECAY_GRADIENT = "parameters", "decay", "decay_gradient"

HESSIAN, CHOLESKY = "hessian", "cholesky"

SELF_INFLUENCE, STEP_NORM = "self_influence", "step_norm"
HELPFUL, HARMFUL = "helpful", "harmful"
INFLUENCE, TARGETS = "influence", "targets"

MEMBERS, NORMALISED_INFLUENCE, COSINE, TIES = "members", "normalised_influence", "cosine", "ties"
PEAK = "peak"
SEEDS = "seeds"

GRID_X, GRID_Y, FEATURES_GRID, LOGITS_GRID = "grid_x", "grid_y", "features_grid", "logits_grid"
BOUNDARY_DISTANCE, BOUNDARY_PATHS = "boundary_distance", "boundary_paths"
SIZES, DRAWS = "sizes", "draws"

MASKS, MARGINS, LOSSES = "masks", "margins", "losses"
# removals: what was taken out, and changes of the loss found by retraining or predicted
GROUP_KIND, GROUP_SHARE, GROUP_MASKS = "group_kind", "group_share", "group_masks"
OWN, TEST = "own", "test"
PENALTY = "penalty"
# boundary-groups-FORM.h5, beside members
SCORE, SHARE, TIED = "score", "share", "tied"
WEIGHTS, INTERCEPT = "weights", "intercept"
# weights boundary
SCORE, SOLVED, STEPS, TARGET, INDEX = "score", "solved", "steps", "target", "index"
