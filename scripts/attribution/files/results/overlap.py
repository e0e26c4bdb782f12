"""overlap.h5: groups of the same seeds by several methods, `members/METHOD` (seeds, size)."""

FILES = {"overlap.h5": "run"}

SEEDS, MEMBERS = "seeds", "members"
