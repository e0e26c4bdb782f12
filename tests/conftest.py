"""Imported before every test: Keras then starts as in a job, whatever keras.json the user has."""

import attribution  # noqa: F401
from boundary_files import study  # noqa: F401
