"""The data that tests of training share."""

from trained_discs import data, points  # noqa: F401
