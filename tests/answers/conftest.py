"""One run of all tests of this folder."""

from answers_run import run  # noqa: F401
