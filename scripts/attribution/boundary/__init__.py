"""Weights boundary of points and of groups."""
