"""The data that tests of retraining share."""

from trained_discs import points  # noqa: F401
