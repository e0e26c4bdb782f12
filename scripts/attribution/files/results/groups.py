"""groups.h5 and its variants: one folder a group, with its members in order and what is known after each.

Folders are named as `files.group_folders` says.
overlap.h5: groups of the same seeds by several methods, `members/METHOD` (seeds, size), from `seeds`.
"""

FILES = {"groups.h5": "scope", "groups-*.h5": "scope", "overlap.h5": "run"}

SEEDS = "seeds"
MEMBERS, NORMALISED_INFLUENCE, COSINE = "members", "normalised_influence", "cosine"
# attributes of a group
TIES, PEAK = "ties", "peak"
