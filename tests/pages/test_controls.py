"""Every table of a judge has its controls: chance, the inputs, the embedding, and methods on a network that learned nothing."""

import pytest

from writing import results

# what a name must have in it to be this control
CONTROLS = {
    "chance": ("random", "chance"),
    "inputs": ("input", "pixel"),
    "embedding": ("embedding", "neighbours with another label"),
    "untrained network": ("untrained", "random weights"),
}
# columns that name a method, and those that tell apart what is judged; what a table has beside
NAMES = ("method", "score")
BLOCKS = ("dataset", "model", "truth", "alpha", "criterion")
MORE = {"agreement": ("trainings",)}
# tables of methods that judge none, or stand beside a table that has the controls
NOT_JUDGED = {
    "memory": "what methods cost",
    "toy-claim-values": "what the report claims; its methods stand in toy-clusters",
    "toy-fresh-turning": "where groups turn",
    "near-duplicates-differences": "differences with the controls of near-duplicates",
    "derivatives-at-subsets": "one method, whose controls stand in lds",
}


def blocks() -> list:
    """(table, block, names in it) of every table that judges methods."""
    found = {}
    for name in results.tables():
        rows = results.read(name)
        (column,) = [key for key in NAMES if key in rows[0]][:1] or [None]
        if name in NOT_JUDGED or column is None:
            continue
        for row in rows:
            block = tuple(row[key] for key in (*BLOCKS, *MORE.get(name, ())) if key in row)
            # networks have a column of their own where all methods are asked of each
            found.setdefault((name, block), set()).update((row[column], row.get("network", "")))
    return [pytest.param(key[0], names, id=" ".join([key[0], *key[1]])) for key, names in found.items()]


@pytest.mark.parametrize(("table", "names"), blocks())
def test_a_table_of_a_judge_has_every_control(table, names):
    missing = [
        control for control, parts in CONTROLS.items() if not any(part in name for name in names for part in parts)
    ]
    assert not missing, f"docs/results/{table}.csv has no {', '.join(missing)} beside {', '.join(sorted(names))}"
