"""Features, inverses, influence of points, in the last layer and in all."""
