"""The run that tests of methods share."""

from small_run import run  # noqa: F401
