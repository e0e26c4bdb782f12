"""Tables as people have them: dashes, decimal commas, index columns, classes called NA, ids that are no numbers."""

import json

import numpy as np
import pandas as pd
import pytest

from attribution.costs import data_sizes, stored_ids
from attribution.data import arrays, new_study, own_rows, tables
from attribution.settings import datasets
from own_arrays import good, write


def settings(path, **more):
    return datasets.complete({"loader": "table", "label": "label", "path": str(path), "test": 0.5} | more)


def table(folder, text, name="a.csv"):
    (folder / name).write_text(text)
    return str(folder / name)


def read(folder, text, test=None, **more):
    path = table(folder, text)
    if test is not None:
        more["test"] = table(folder, test, "b.csv")
    found, facts = tables.read(path, settings(path, **more))
    return found, facts["columns"], facts.get("notes", [])


def column(values, labels="uv"):
    return "a,label\n" + "".join(f"{value},{labels[i % 2]}\n" for i, value in enumerate(values))


# numbers


def test_what_a_column_is_is_decided_by_the_training_part(tmp_path):
    # with a gap pandas makes 30 a 30.0, beside a dash in the other file both are texts
    found, columns, notes = read(tmp_path, column(["30", "", "40", "50"]), column([" 30", "-", "?", "50"]))
    assert columns == ["a"] and found["x_train"][:, 0].tolist() == [30, 40, 40, 50]
    assert found["x_test"][:, 0].tolist() == [30, 40, 40, 50]
    assert notes == [f"{tmp_path}/a.csv: column 'a' has 2 cells of - or -- or ? or . alone; they are missing numbers"]
    found, columns, _ = read(tmp_path, column(["x", "30", "y", "x"]), column(["30", "", "30", "30"]))
    # texts stay the texts of the file: 30 is not 30.0 because of the gap
    assert columns == ["a=30", "a=x", "a=y"] and found["x_test"].tolist() == [[1, 0, 0], [0, 0, 0]] + [[1, 0, 0]] * 2


@pytest.mark.parametrize(
    ("train", "test", "sentence"),
    [
        (
            ["30", "", "40"],
            ["30", "unknown"],
            r"b.csv: column 'a' holds numbers, .* and 'unknown' in row 1, from 0; wri",
        ),
        (
            ["30", "n.a.", "40", "2"],
            None,
            r"a.csv: column 'a' holds numbers, by its training rows, and 'n.a.' in row 1",
        ),
        (["$5", "$1,200", "$7", "$8"], None, r"column 'a' holds numbers, by its training rows, and '\$"),
        (["3%", "4%", "5%", "6%"], None, r"column 'a' holds numbers, .*name the column in categories"),
        (["1,234", "5", "1,100", "7"], None, r"column 'a' holds '1,(234|100)' in row \d, .*decimal comma or thousands"),
        (["1", "inf", "3", "4"], None, r"a.csv: column 'a' holds infinity in row 1, from 0; replace or remove it"),
        (["1", "2"], ["3", "-inf"], r"b.csv: column 'a' holds infinity in row 1, from 0"),
        (["1", "2"], ["-", "inf"], r"b.csv: column 'a' holds infinity in row 1, from 0"),
    ],
)
def test_a_cell_that_is_no_number_is_named_by_column_row_and_text(tmp_path, train, test, sentence):
    def written(values):
        return column([f'"{value}"' for value in values * (1 if test else 2)])

    with pytest.raises(ValueError, match=sentence):
        read(tmp_path, written(train), None if test is None else written(test))


def test_columns_that_are_named_as_categories_are_texts_whatever_they_hold(tmp_path):
    text = "code,b,label\n" + "".join(
        f"{code},{i},{'uv'[i % 2]}\n" for i, code in enumerate(["01", "1", "2", "NA"] * 4)
    )
    found, columns, _ = read(tmp_path, text, categories=["code"])
    assert columns == ["code=01", "code=1", "code=2", "code=missing", "b"]
    assert (found["x_train"][:, :4].sum(axis=1) == 1).all()
    with pytest.raises(ValueError, match=r"has no column 'kode', the settings' categories; found are code, b, label"):
        read(tmp_path, text, categories=["kode"])


def test_categories_are_given_to_make_new_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    codes = ["1", "2", "3", "3A"]
    table(tmp_path, "code,b,label\n" + "".join(f"{codes[i % 4]},{i},{'uv'[i % 2]}\n" for i in range(16)))
    with pytest.raises(ValueError, match=r"'3A' in row 3, from 0; .*in categories of the data set \(`make new`: CATEG"):
        new_study.main(["mine", "a.csv"])
    new_study.main(["mine", "a.csv", "", "", "", "code"])
    assert 'categories: ["code"]' in (tmp_path / "mine.yaml").read_text()
    assert "points of 5 numbers" in (tmp_path / "mine.yaml").read_text()


def test_decimal_commas_are_numbers_and_it_is_said(tmp_path):
    text = "a;b;label\n" + "".join(f"{i},5;{i};{'uv'[i % 2]}\n" for i in range(8))
    found, columns, notes = read(tmp_path, text)
    assert columns == ["a", "b"] and (found["x_train"][:, 0] == found["x_train"][:, 1] + 0.5).all()
    assert "column 'a' has decimal commas" in notes[0]
    size = data_sizes.of_data(settings(tmp_path / "a.csv"))
    assert (size["n"], size["m"], size["shape"]) == (4, 4, (2,))


def test_numbers_in_texts_are_no_names_of_rows(tmp_path):
    values = ["-", *(f"{i},5" for i in range(20)), *(f"{i}.25" for i in range(20))]
    path = table(tmp_path, column([f'"{value}"' for value in values]))
    assert tables.naming(path, "label") is None
    assert tables.naming(table(tmp_path, column([f"p{i}" for i in range(20)])), "label") == "a"


def test_texts_that_differ_row_by_row_are_said(tmp_path):
    _, columns, notes = read(tmp_path, column([f"name {i}" for i in range(60)]))
    assert len(columns) == 30
    assert notes == [
        f"{tmp_path}/a.csv: column 'a' has 30 different texts in 30 training rows, each an input of its own; name it "
        "as id, or leave it out of the file, where it says who a row is"
    ]


# columns


@pytest.mark.parametrize("head", ["", '""', "Unnamed: 0"])
def test_the_column_of_an_index_is_no_input_and_it_is_said(tmp_path, monkeypatch, head):
    monkeypatch.chdir(tmp_path)
    text = f"{head},a,label,\n" + "".join(f"{i},{i % 5},{'uv'[i // 20]},\n" for i in range(40))
    found, columns, notes = read(tmp_path, text)
    assert columns == ["a"] and found["x_train"].shape[1] == 1
    assert notes[0].startswith(f"{tmp_path}/a.csv: the first column has no name") and 'id: "Unnamed: 0"' in notes[0]
    assert data_sizes.of_data(settings("a.csv"))["n"] == 20 and tables.columns("a.csv")[:2] == ["a", "label"]
    new_study.main(["mine", "a.csv"])
    written = (tmp_path / "mine.yaml").read_text()
    assert "points of 1 numbers" in written and '"id": "Unnamed: 0"' in written.replace("id: ", '"id": ')
    # as there it names the rows
    found, columns, notes = read(tmp_path, text, id="Unnamed: 0")
    assert columns == ["a"] and set(found["id_train"]) | set(found["id_test"]) == set(map(str, range(40))) and not notes


def test_the_index_of_parquet_is_no_input_and_no_id(tmp_path):
    frame = pd.DataFrame({"a": np.arange(8.0), "label": list("uvuvuvuv")}, index=list("abcdefgh"))
    frame.to_parquet(tmp_path / "a.parquet")
    found, facts = tables.read(str(tmp_path / "a.parquet"), settings("") | {"test": 0.5})
    assert facts["columns"] == ["a"] and found["id_train"].tolist() == [str(int(x)) for x in found["x_train"][:, 0]]
    assert data_sizes.of_data(settings(tmp_path / "a.parquet"))["shape"] == (1,)


def test_columns_of_a_test_set_go_by_name(tmp_path):
    train = "age,b,label\n30,1,u\n40,2,v\n50,3,u\n60,4,v\n"
    found, columns, _ = read(tmp_path, train, "label,age,b\nu,30,7\nv,40,8\n")
    assert columns == ["age", "b"] and found["x_test"].tolist() == [[30, 7], [40, 8]]
    with pytest.raises(ValueError, match=r"b.csv lacks b and has also c, of the columns of .*a.csv; give both"):
        read(tmp_path, train, "label,age,c\nu,30,7\n")
    with pytest.raises(ValueError, match=r"two columns are called 'a'"):
        read(tmp_path, "a,a,label\n1,2,u\n3,4,v\n")


# labels


def test_classes_may_be_called_as_pandas_calls_what_is_missing(tmp_path):
    names = ["None", "NA", "null", "nan", "n/a"]
    text = "a,label\n" + "".join(f"{i},{names[i % 5]}\n" for i in range(20))
    found, _, _ = read(tmp_path, text)
    assert sorted(set(found["y_train"])) == sorted(set(found["y_test"])) == sorted(names)
    assert all(found["y_train"][i] == names[int(x) % 5] for i, x in enumerate(found["x_train"][:, 0]))
    for empty in ("", " "):
        with pytest.raises(ValueError, match=r"has no label in row 20, from 0"):
            read(tmp_path, text + f"20,{empty}\n")


def test_labels_are_texts_as_they_stand(tmp_path):
    found, _, _ = read(tmp_path, column(range(8), ["01", "1"]), column(range(2), ["01", "1"]))
    assert set(found["y_train"]) == {"01", "1"}
    found, _, _ = read(tmp_path, column(range(8), ["True", "False"]))
    assert set(found["y_train"]) == {"True", "False"}


# ids


def with_ids(ids, head="name"):
    return f"{head},a,label\n" + "".join(f"{one},{i},{'uv'[i % 2]}\n" for i, one in enumerate(ids))


def test_ids_are_the_texts_of_the_file(tmp_path):
    ids = ["007", "7", "NA", "1e3", "12.50", " x", "None", "ß"]
    found, columns, _ = read(tmp_path, with_ids(ids), id="name")
    assert columns == ["a"]
    for part in ("train", "test"):
        assert found[f"id_{part}"].tolist() == [ids[int(x)] for x in found[f"x_{part}"][:, 0]]
    # a wrong id is told before any job from the same texts, in the order of the file
    assert stored_ids.of(settings(tmp_path / "a.csv", id="name"))["train"] == ids


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        (["k", "l", "m", "k"], "a.csv: id 'k' is that of rows 0 and 3, from 0; give each row one of its own"),
        (["k", "", "m", "n"], "a.csv has no id in row 1, from 0; give one"),
    ],
)
def test_ids_that_are_none_or_not_the_rows_own_are_a_sentence(tmp_path, ids, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(tmp_path, with_ids(ids), id="name")
    # in another file the same ids may stand: they name points of the test set
    found, _, _ = read(tmp_path, with_ids("klmn"), with_ids("klmn"), id="name")
    assert found["id_train"].tolist() == found["id_test"].tolist()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda ids: np.where(np.arange(30) == 4, ids[2], ids), "id_train has 'p2' in rows 2 and 4, from 0; give each"),
        (lambda ids: np.where(np.arange(30) == 4, " ", ids), "id_train is empty in row 4, from 0"),
        (
            lambda ids: np.where(np.arange(30) == 4, np.nan, np.arange(30)),
            "id_train holds NaN or infinity, first in row 4",
        ),
    ],
)
def test_ids_of_arrays_are_looked_at_too(tmp_path, change, sentence):
    ids = np.array([f"p{i}" for i in range(30)])
    path = write(tmp_path, "npz", good() | {"id_train": change(ids), "id_test": ids[:9]})
    with pytest.raises(ValueError, match=sentence):
        arrays.check(path, arrays.read(path, "npz"), [], [])
    path = write(tmp_path, "npz", good() | {"id_train": ids, "id_test": ids[:9]})
    assert arrays.check(path, arrays.read(path, "npz"), [], [])["id_train"].tolist() == ids.tolist()


def test_an_id_of_two_training_points_names_none():
    known = own_rows.places(own_rows.Own(np.array([0, 1, 4]), np.array(["k", "l", "k"], dtype=object)))
    assert own_rows.index(known, "id", "l", "removed") == 1 and own_rows.index(known, "row", 4, "removed") == 2
    with pytest.raises(ValueError, match=r"removed names id k, which a training point has and a test point"):
        own_rows.index(known, "id", "k", "removed")


def test_what_is_encoded_is_told(tmp_path):
    path = table(tmp_path, "a,b,label\n" + "".join(f"{i},{'xy'[i % 2]},{'uv'[i % 2]}\n" for i in range(8)))
    _, facts = tables.read(path, settings(path))
    assert json.loads(facts["encoding"])["values"] == {"b": ["x", "y"]} and "notes" not in facts
