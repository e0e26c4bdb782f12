"""What rules of one stage need beside what all do."""
