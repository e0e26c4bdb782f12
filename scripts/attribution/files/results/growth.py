"""growth.h5: influence of random groups on themselves, `draws/POOL` (draws, sizes), and of groups that take one
subgroup and then another, `one_after_other/normalised_influence` and `one_after_other/cosine` (draws, members)."""

FILES = {"growth.h5": "scope"}

SIZES, DRAWS = "sizes", "draws"
ONE_AFTER_OTHER = "one_after_other"
