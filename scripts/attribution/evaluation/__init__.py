"""Judges: retrieval, inspection, agreement, recovery of subgroups, cost."""
