"""Algorithm 1: greedy groups, adaptive form, turning points, growth."""
