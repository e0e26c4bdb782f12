"""Curvature of all layers: Kronecker factors, products with the Gauss-Newton matrix, what training left of it."""
