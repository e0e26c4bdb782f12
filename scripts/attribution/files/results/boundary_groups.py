"""boundary-groups-FORM.h5: groups that boundary scores grow, one folder a seed, all (members,)."""

FILES = {"boundary-groups-*.h5": "scope"}

MEMBERS = "members"
# of the group after each step: its score, the share of it that is solved, whether `keys` decided
SCORE, SHARE, TIED = "score", "share", "tied"
