"""One page of all tests of this folder."""

from explored_run import explored  # noqa: F401
