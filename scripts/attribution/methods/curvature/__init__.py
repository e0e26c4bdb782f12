"""Methods from the curvature of all layers, and of the training's path."""
