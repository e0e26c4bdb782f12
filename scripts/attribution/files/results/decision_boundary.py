"""decision_boundary.h5: a network's outputs on a grid of the plane, and how far each training point is from them."""

FILES = {"decision_boundary.h5": "run"}

GRID_X, GRID_Y, FEATURES_GRID, LOGITS_GRID = "grid_x", "grid_y", "features_grid", "logits_grid"
BOUNDARY_DISTANCE, BOUNDARY_PATHS = "boundary_distance", "boundary_paths"
