"""truth/*.h5: margins of networks trained without some points; attributions/*.h5: what methods predict of them."""

FILES = {"truth/*.h5": "run", "attributions/*.h5": "run"}

# (M, n) True where a point stayed; (r, M, t) margins of the targets, one row a repetition; (r, t) those of all points
KEPT, RETRAINED, UNTOUCHED = "kept", "retrained", "untouched"
KIND = "kind"
