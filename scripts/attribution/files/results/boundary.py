"""boundary.h5: how far parameters must move to change the prediction of each point `index`, all (points,).

boundary-groups-FORM.h5: groups that boundary scores grow, one folder a seed, all (members,): after each step the score
of the group, the `share` of it that is solved, and whether `keys` decided.
"""

FILES = {"boundary.h5": "scope", "boundary-groups-*.h5": "scope"}

SCORE, SOLVED, STEPS, TARGET, INDEX = "score", "solved", "steps", "target", "index"
MEMBERS, SHARE, TIED = "members", "share", "tied"
