"""Training of one network or of many at once."""
