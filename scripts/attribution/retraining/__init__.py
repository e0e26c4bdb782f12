"""Retraining without points and groups, convex truths, datamodels."""
