"""docs/tour.ipynb: its cells run, one after the other, on a run's files."""

import ast
import json

import pandas as pd

import known_run
from helpers import ROOT


def cells() -> list[str]:
    """Code of the notebook, a text a cell."""
    book = json.loads((ROOT / "docs/tour.ipynb").read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]


def execute(code: list[str]) -> tuple[dict, list]:
    """Names after all cells, and the value of each cell's last line, None where it is no expression."""
    names, shown = {}, []
    for number, text in enumerate(code):
        body = ast.parse(text).body
        last = ast.Expression(body.pop().value) if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), f"cell {number}", "exec"), names)
        shown.append(eval(compile(last, f"cell {number}", "eval"), names) if last else None)
    return names, shown


def test_every_cell_of_the_tour_runs_and_shows_what_the_files_hold(tmp_path, monkeypatch, capsys):
    home = known_run.write(tmp_path / "made", known_run.clusters())
    # in the place of the toy study's run, looked for from the notebook's folder upwards
    toy = tmp_path / "results/toy"
    toy.parent.mkdir()
    home.parents[1].rename(toy)
    (toy / "net").rename(toy / "mlp-dropout")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    names, shown = execute(cells())
    assert "influence.h5" in capsys.readouterr().out
    tables = [value for value in shown if isinstance(value, pd.DataFrame)]
    assert len(tables) == 4
    highest = tables[0]["self_influence"]
    assert highest.iloc[0] == names["points"]["self_influence"].max() and highest.is_monotonic_decreasing
    assert (tables[1]["margin"] < 0).all() and len(tables[1])
    assert list(tables[2]["size"]) == [known_run.GROUP["size"]] * 2
    assert names["around"]["influence"].iloc[0] == names["influence"][names["target"]][names["around"].index[0]] / 60


def test_the_tour_is_kept_without_what_it_showed_once():
    book = json.loads((ROOT / "docs/tour.ipynb").read_text(encoding="utf-8"))
    for cell in book["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None
