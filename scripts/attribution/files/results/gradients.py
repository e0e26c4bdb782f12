"""gradients.h5: the two factors of every gradient, logits, and the parameters that they belong to."""

FILES = {"gradients.h5": "scope"}

FEATURES_TRAIN, RESIDUALS_TRAIN, LOGITS_TRAIN = "features_train", "residuals_train", "logits_train"
FEATURES_TEST, RESIDUALS_TEST, LOGITS_TEST = "features_test", "residuals_test", "logits_test"
PARAMETERS, DECAY, DECAY_GRADIENT = "parameters", "decay", "decay_gradient"
# weights of the training points in the objective, where the recipe weighs classes: residuals_train are times them
POINT_WEIGHTS = "point_weights"
