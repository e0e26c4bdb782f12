"""What was asked of attribution, beside what the tables of results have: docs/results/asked.yaml."""

from pathlib import Path

import yaml

from writing import blocks, results

SHARES = (0.5, 0.75, 0.9)
# of what was got, shown and compared
DIGITS = 3
# one point leaves, and its column
ALONE, ALONE_WORDS = "alone", "one point"


def table(folder: Path = results.FOLDER) -> str:
    """A row a method and truth, cells `asked: got` by share and for one point, and why less is reached.

    As shown, with three decimals, so it counts: 0.699 has not reached 0.70. Of what was never measured nothing is
    reached, and the last cell says so.

    Raises:
        PageError: where less is reached and no `why` is there.
    """
    lines = []
    for row in yaml.safe_load((folder / "asked.yaml").read_text()):
        got = {key: value_of(row, key, folder) for key in row["asked"]}
        lacking = [ALONE_WORDS if key == ALONE else f"{key:g}" for key, value in got.items() if value is None]
        said = [f"{' and '.join(lacking)}: not measured"] if lacking else []
        less = any(value is not None and round(value, DIGITS) < row["asked"][key] for key, value in got.items())
        if less and not row["why"]:
            raise blocks.PageError(
                f"asked.yaml: `{row['method']}` of `{row['model']}` has less than asked and no `why`"
            )
        if less or lacking:
            said += [row["why"]] if row["why"] else []
        cells = [
            f"{row['asked'][key]:.2f}: {'-' if got[key] is None else f'{got[key]:.{DIGITS}f}'}" if key in got else ""
            for key in (*SHARES, ALONE)
        ]
        of = [f"`{row['model']}`, {row['truth']}", f"`{row['method']}`"]
        lines.append([*of, *cells, "; ".join(said) or "reached"])
    header = ["model, truth", "method", *(f"alpha {share:g}" for share in SHARES), ALONE_WORDS, "why less"]
    return blocks.table(header, lines)


def value_of(row: dict, key: float | str, folder: Path) -> float | None:
    """The score that was reached: of subsets from the row's table, of one point from leave-one-out.csv or the table
    that key `alone` of the row names; None without.

    Raises:
        PageError: when a table of subsets lacks the method.
    """
    named = {name: row[name] for name in ("model", "truth", "method")}
    name = row.get(ALONE, "leave-one-out") if key == ALONE else row["table"]
    for found in results.read(name, folder):
        if all(found[column] == value for column, value in named.items()) and (
            key == ALONE or float(found["alpha"]) == key
        ):
            return float(found["spearman" if key == ALONE else "lds"])
    if key == ALONE:
        return None
    raise blocks.PageError(f"asked.yaml asks {named} at {key} of docs/results/{name}.csv, which has no such row")
