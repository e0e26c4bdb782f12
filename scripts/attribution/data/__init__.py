"""Data sets: loaders, variants, seed points."""
