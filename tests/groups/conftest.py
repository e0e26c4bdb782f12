"""The run that tests of groups by any method share."""

from small_run import run  # noqa: F401
