"""Algorithm 1."""

from attribution.costs import stages as cost
from attribution.costs.jobs import factors
from attribution.costs.jobs.machine import PLAIN

# on one core, measured: operations a second, and seconds that each of n points takes beside them, of one member of one
# group; in the adaptive form also for each logit of it
MEMBER, A_PICK, A_POINT = 3e10, 5e-6, 8e-9
A_MOVED_POINT, A_MOVED_LOGIT = 6e-7, 2e-7
# numbers that each point takes for each group, and points whose logits are held beside them
SCORED, SCORED_AT_ONCE = 4, 4096
# stops that compare all members of a growth, those of `groups.stops`, which loads what no parse of the rules may
BY_LIKENESS = ("turn", "gap", "split")


def grown(size: dict) -> tuple:
    """Algorithm 1: every member of every group is chosen among all points, see `cost.groups`."""
    n, D, C = size["n"], size["D"], size["C"]
    groups, members = size.get("group_seeds", 10), size.get("group_size", 25)
    scored = 8 * groups * (SCORED * n + 1.25 * C * min(n, SCORED_AT_ONCE) + 3 * D * C)
    held = factors.work(6, 0)(size)[0] + scored
    if size.get("adaptive"):
        found = cost.adaptive_groups(groups, members, n, D, C)
        seconds = groups * members * n * (A_MOVED_POINT + A_MOVED_LOGIT * C)
        held = max(held, PLAIN + found["bytes"])
    else:
        found = cost.groups(groups, members, n, D, C)
        seconds = groups * members * (A_PICK + A_POINT * n)
    return held, 10 + seconds + found["flops"] / MEMBER, found["flops"]


def _stopped(size: dict) -> tuple:
    """The same, and where each growth stops, where that is told by how alike its members are, see `cost.stop`."""
    held, seconds, flops = grown(size)
    members = size.get("group_size", 25) if size.get("stop") in BY_LIKENESS else 0
    stop = cost.stop(size.get("group_seeds", 10), members, size["D"] * size["C"])
    return held + stop["bytes"], seconds + stop["flops"] / MEMBER, flops + stop["flops"]


COSTS = {
    "find_groups": _stopped,
    "measure_group_growth": factors.work(6, 2000),
    "measure_stop_conditions": factors.divided,
}
