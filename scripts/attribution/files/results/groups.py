"""groups.h5 and its variants: one folder a growth, with its members in order and what is known after each.

A growth goes on to as many members as `groups.size` says, and the group is the first of them, attribute `stopped` says
how many: see `size`. Folders are named as `files.group_folders` says.
overlap.h5: groups of the same seeds by several methods, `members/METHOD` (seeds, size), from `seeds`.
"""

from collections.abc import Mapping, Sized

FILES = {"groups.h5": "scope", "groups-*.h5": "scope", "overlap.h5": "run"}

SEEDS = "seeds"
MEMBERS, NORMALISED_INFLUENCE, COSINE = "members", "normalised_influence", "cosine"
# attributes of a group
TIES, PEAK = "ties", "peak"
STOP, STOPPED = "stop", "stopped"


def size(facts: Mapping, members: Sized) -> int:
    """How many of the first members are the group.

    Args:
        facts: attributes of the folder. members: of the whole growth; all are the group in a file that does not say.
    """
    return int(facts.get(STOPPED, len(members)))
