"""What a method may give, by the functions of its class, in the words of a sentence."""

GIVEN = {
    "pairs": "scores of pairs",
    "points": "scores of points",
    "groups": "groups",
    "removals": "changes of losses without groups",
    "falls": "falls of margins without groups",
}
