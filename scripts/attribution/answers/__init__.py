"""What a user reads: suspicious labels, explanations of test points, worth of each class, in the user's own rows."""
