"""growth.h5: influence of random groups on themselves, `draws/POOL` (draws, sizes)."""

FILES = {"growth.h5": "scope"}

SIZES, DRAWS = "sizes", "draws"
