"""groups.h5 and its variants: one folder a group, with its members in order and what is known after each.

Folders are named as `files.group_folders` says.
"""

FILES = {"groups.h5": "scope", "groups-*.h5": "scope"}

MEMBERS, NORMALISED_INFLUENCE, COSINE = "members", "normalised_influence", "cosine"
# attributes of a group
TIES, PEAK = "ties", "peak"
