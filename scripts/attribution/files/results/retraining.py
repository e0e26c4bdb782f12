"""retraining/*.h5 and removals.h5: what was taken out, and changes of losses found by retraining or predicted;
truth/*.h5: margins of networks trained without some points; attributions/*.h5: what methods predict of them;
brittleness/*.h5: margins without the points that a method credits most with them; group-removals/*.h5: predicted falls
of margins without groups."""

FILES = {
    "retraining/*.h5": "run", "removals.h5": "run", "truth/*.h5": "run", "attributions/*.h5": "run",
    "brittleness/*.h5": "run", "group-removals/*.h5": "run",
}  # fmt: skip

MASKS, MARGINS, LOSSES = "masks", "margins", "losses"
GROUP_KIND, GROUP_SHARE, GROUP_MASKS = "group_kind", "group_share", "group_masks"
# changes of the loss of what was taken out, and of test points
OWN, TEST = "own", "test"
# attributes of removals.h5: rows of the methods that predict, in the order of the arrays
METHODS_OF_ONE, METHODS_OF_GROUPS = "methods_of_one", "methods_of_groups"
# of truth/*.h5: (M, n) True where a point stayed; (r, M, t) margins of the targets, one row a repetition; (r, t) those
# of the network of all points; (M,) how the points that left were drawn
KEPT, RETRAINED, UNTOUCHED, KIND = "kept", "retrained", "untouched", "kind"
# of truth/found-groups.h5: `kept` and `kind`
# of brittleness/*.h5: (k,) points that leave; there (t, k) margins without so many, and (t,) with all
COUNTS = "counts"
# of group-removals/*.h5, beside `kept` (g, n): (g, t) of the targets' margins; attributes as attributions/*.h5 have
# them, of the method and its `seconds` and `peak_memory` in bytes
FALLS = "falls"
