"""Methods that follow the training step by step."""
