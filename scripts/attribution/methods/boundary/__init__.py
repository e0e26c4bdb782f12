"""Methods from how near a prediction is to another class."""
