"""What a job prints, waits for and runs on; never an input of a rule."""
