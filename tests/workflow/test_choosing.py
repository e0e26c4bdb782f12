"""The table of methods by question: which is best, which is as good and cheaper, which is fast, which is a control."""

import pytest

from writing import blocks, choosing, results

HEAD = "dataset,model,truth,models,subsets,alpha,method,lds,low,high,seconds,peak_mb\n"
ALONE = "dataset,model,truth,method,slope,pearson,spearman,low,high\n"


def found(method, score, seconds, half=0.02):
    return choosing.Found(method, score, score - half, score + half, seconds)


def test_a_line_names_the_best_the_cheapest_level_one_the_fast_one_and_the_control():
    cells = choosing.line([
        found("metagradient", 0.90, 50.0), found("kfac", 0.87, 5.0), found("trak", 0.88, 8.0),
        found("influence", 0.6, 0.4), found("l-relative", 0.5, 0.1),
        found("random", 0.0, 0.001), found("embedding-cosine", 0.3, 0.01), found("kfac-untrained", 0.4, 4.0),
    ])  # fmt: skip
    assert cells == [
        "`metagradient` 0.90 (0.88 to 0.92), 50 s",
        "`kfac` 0.87 (0.85 to 0.89), 5 s",
        "`influence` 0.60 (0.58 to 0.62), 400 ms",
        "`kfac-untrained` 0.40 (0.38 to 0.42), 4 s",
    ]


def test_the_best_is_not_named_twice_and_a_control_is_never_the_best():
    cells = choosing.line([found("influence", 0.5, 1.0), found("random", 0.6, 0.001)])
    assert cells == ["`influence` 0.50 (0.48 to 0.52), 1 s", "", "", "`random` 0.60 (0.58 to 0.62), 1 ms"]


def test_without_seconds_there_is_no_cheapest():
    assert choosing.line([found("a", 0.5, None), found("b", 0.5, None)])[1:3] == ["", ""]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0101, "10 ms"), (0.9994, "999 ms"), (1, "1 s"), (53.4, "53 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h")],
)
def test_durations(seconds, words):
    assert choosing.duration(seconds) == words


def test_each_question_that_was_measured_has_a_row_a_model_and_seconds_come_from_the_other_table(tmp_path):
    (tmp_path / "tables.yaml").write_text("lds: {}\nleave-one-out: {}\n")
    (tmp_path / "lds.csv").write_text(
        HEAD + "toy,m,fixed,1,9,0.5,kfac,0.5,0.4,0.6,3.0,1\ntoy,m,averaged,3,9,0.5,kfac,0.2,0.1,0.3,3.0,1\n"
        "toy,m,averaged,3,9,0.5,noise-floor,0.7,,,,\ntoy,m,fixed,1,9,0.75,kfac,0.9,0.9,0.9,3.0,1\n"
    )
    (tmp_path / "leave-one-out.csv").write_text(ALONE + "toy,m,fixed,kfac,1.0,0.9,-0.001,-0.1,0.1\n")
    lines = [line.strip("| ").split(" | ") for line in choosing.table(tmp_path).splitlines()[2:]]
    assert [line[:3] for line in lines] == [
        ["this training, half of the points leave", "toy, `m`", "`kfac` 0.50 (0.40 to 0.60), 3 s"],
        ["this training, one point leaves", "toy, `m`", "`kfac` 0.00 (-0.10 to 0.10), 3 s"],
        ["any such training, half of the points leave", "toy, `m`", "`kfac` 0.20 (0.10 to 0.30), 3 s"],
    ]
    assert lines[2][-1].endswith("0.70") and not lines[0][-1].endswith("0.70")


def test_a_table_that_is_not_there_is_named(tmp_path):
    (tmp_path / "tables.yaml").write_text("{}")
    with pytest.raises(blocks.PageError, match=r"the table 'lds' needs an entry in docs/results/tables.yaml and"):
        choosing.table(tmp_path)


def test_numbers_are_rounded_where_the_form_says_so_and_else_stand_as_in_the_file():
    row = {"x": "0.9469", "low": "-0.0013", "none": ""}
    assert results.cell("{x} ({low:z.2f})", row) == "0.9469 (0.00)"
    assert results.cell(["{none:.2f}", "{x:.3f}"], row) == "0.947"
