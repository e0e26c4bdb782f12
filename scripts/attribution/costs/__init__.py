"""Predictions of memory and time; never an input of a rule."""
