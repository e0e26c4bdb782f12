"""On which side of the border a training lies: both numbers, one or none, and thresholds that did not see it."""

import numpy as np

from attribution.retraining import border
from writing import border as page


def test_a_side_takes_both_numbers():
    growth, even = [1.0, 1.0, 1.01, 1.01], [0.5, 0.49, 0.5, 0.49]
    assert border.sides(growth, even).tolist() == ["holds", "unclear", "unclear", "fails"]
    assert border.sides(growth, even, (0.9, 0.4)).tolist() == ["unclear"] * 4
    assert str(border.sides(0.3, 0.9)) == "holds"


def test_wrong_is_what_the_scores_deny_and_unclear_is_neither():
    found = np.array(["holds", "holds", "fails", "fails", "unclear"])
    assert border.told(found, [0.7, 0.69, 0.69, 0.7, 0.1]) == (2, 1)


def test_thresholds_that_are_judged_did_not_see_the_recipe():
    growth = np.array([0.6, 0.6, 1.4, 1.4, 1.2])
    even = np.array([0.8, 0.8, 0.1, 0.1, 0.1])
    recipes, scores = np.array(["a", "b", "c", "d", "e"]), np.array([0.9, 0.9, 0.2, 0.2, 0.2])
    assert border.left_out(growth, even, scores, recipes).tolist() == ["holds", "holds", "fails", "fails", "fails"]
    # what none of the others is like is told by them, and wrongly
    growth[4], even[4] = 0.9, 0.6
    assert border.left_out(growth, even, scores, recipes).tolist() == ["holds", "holds", "fails", "fails", "holds"]
    # two of a kind know of each other, but not where they are one recipe
    kinds = np.array(["a", "b", "c", "d", "e", "f"])
    six = [np.append(values, values[4]) for values in (growth, even, scores)]
    assert border.left_out(*six, kinds)[4:].tolist() != ["holds", "holds"]
    assert border.left_out(*six, np.append(recipes, "e"))[4:].tolist() == ["holds", "holds"]


def test_the_page_counts_cells_of_each_data_set_and_of_all(tmp_path):
    (tmp_path / "tables.yaml").write_text("border: {}\n")
    rows = [("toy", "a", 0.5, 0.9, 0.8), ("toy", "b", 1.5, 0.0, 0.3), ("images", "c", 0.5, 0.0, 0.6),
            ("images", "d", 0.5, 0.8, 0.65)]  # fmt: skip
    lines = [f"{data},{model},{growth},{even},{name},{lds}" for data, model, growth, even, lds in rows
             for name in ("metagradient", "random")]  # fmt: skip
    (tmp_path / "border.csv").write_text("\n".join(["dataset,model,growth,metasmoothness,method,lds", *lines]))
    table = page.table(tmp_path).splitlines()
    assert table[2].startswith("| toy | 2 | 1: 0.80 to 0.80 | 0 | 1: 0.30 to 0.30 | 0 wrong, 0 unclear |")
    assert table[3].startswith("| images | 2 | 1: 0.65 to 0.65 | 1: 0.60 to 0.60 | 0 | 1 wrong, 1 unclear |")
    assert table[4].startswith("| all | 4 | 2: 0.65 to 0.80 |") and len(table) == 5
