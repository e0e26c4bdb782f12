"""The summary of a study says what its files say, and nothing of other studies."""

import json
import re
from collections import namedtuple
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import jinja2
import keras
import numpy as np
import pandas as pd
import pytest
from docutils.core import publish_parts

import known_run
import measure_confusion
import summarise_study
from attribution import results
from attribution.answers import stored_network, summary, summary_page
from helpers import ROOT

TEMPLATE = str(ROOT / "scripts/answers/summary/summary.html")
RECIPE = {"architecture": "keras-file", "path": "net.keras"}
NAMES = ("cat", "<b>dog</b>", "ship")
FACTS = {"dataset": "data-set", "model": "net", "seed": 0, "recipe": RECIPE, "models": ["net"], "description": "a & b"}


class Texts(HTMLParser):
    """Terms with their values, and texts of all cells of tables."""

    def __init__(self, page: str):
        super().__init__()
        self.tag, self.facts, self.cells = "", {}, []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tag = tag
        if tag in ("dt", "td"):
            self.term = ""
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag):
        self.tag = ""

    def handle_data(self, data):
        if self.tag == "dt":
            self.term = data
        elif self.tag == "dd":
            self.facts[self.term] = data
        elif self.tag == "td":
            self.cells[-1] += data


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A trained network with everything that is stored and not trained."""
    inputs = keras.Input((6,))
    normal = keras.layers.Normalization()
    normal.adapt(np.random.default_rng(0).normal(size=(20, 6)))
    inner = keras.Sequential([keras.layers.Dense(5), keras.layers.BatchNormalization(center=False)])
    x = keras.layers.Dropout(0.5)(inner(normal(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.BatchNormalization()(x)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(np.ones((8, 6)), np.arange(8) % 3, verbose=0)
    path = tmp_path_factory.mktemp("network") / "net.keras"
    model.save(path)
    return model, str(path)


def test_the_parameters_are_those_that_training_moves(network):
    model, path = network
    assert stored_network.parameters(path) == sum(int(np.prod(part.shape)) for part in model.trainable_weights)
    assert stored_network.layers(path) == {
        "InputLayer": 2, "Normalization": 1, "Dense": 2, "BatchNormalization": 2, "Dropout": 1
    }  # fmt: skip


def job(folder, rule: str, name: str, *lines: dict, **wildcards: str) -> Path:
    path = folder / f"results/logs/{rule}/{name}.jobs.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"finished": 1e9, "asked_mb": 1000, "commit": "abc", "wildcards": wildcards} | line for line in lines]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@pytest.fixture
def history(tmp_path):
    """Jobs of a study, and of others whose names begin alike."""
    took = {"seconds": 2.0, "peak_mb": 100.0}
    run = {"dataset": "toy", "model": "mlp", "seed": "0"}
    job(tmp_path, "prepare_toy", "toy", took | {"finished": 9e8}, dataset="toy")
    job(tmp_path, "train_model", "toy-mlp-seed0", took | {"seconds": 900.0}, took | {"peak_mb": 800.0}, **run)
    job(tmp_path, "score_method", "toy-mlp-seed0-loss", took, **run, method="loss")
    job(tmp_path, "score_method", "toy-mlp-untrained-seed0-loss", took, **run | {"model": "mlp-untrained"}, method="a")
    job(tmp_path, "plot_overlap", "mine", took | {"seconds": 60.0}, study="mine")
    # of others
    job(tmp_path, "plot_overlap", "mine-too", took, study="mine-too")
    job(tmp_path, "train_model", "toy-flipped-mlp-seed0", took, **run | {"dataset": "toy-flipped"})
    job(tmp_path, "train_model", "toy-mlp-l2-seed0", took, **run | {"model": "mlp-l2"})
    job(tmp_path, "summarise_study", "mine", took, study="mine", of="")
    (tmp_path / "results/logs/train_model/old.jobs.jsonl").write_text('{"finished": 1, "seconds": 5}\n')
    return summary.lines_of(tmp_path / "results/logs")


def test_jobs_are_those_of_the_study_as_they_ran_last(history):
    found = summary.jobs(history, "mine", "toy", ["mlp"])
    assert list(found["rule"]) == ["prepare_toy", "plot_overlap", "score_method", "score_method", "train_model"]
    facts = dict(summary.of_jobs(found))
    assert facts["jobs on record"] == "5" and facts["time, all together"] == "1.1 min" and facts["commit"] == "abc"
    assert facts["longest job"] == "plot_overlap, 1.0 min" and facts["largest memory"] == "800 MB, train_model"
    assert facts["finished, UTC"] == "1998-07-09 16:00 to 2001-09-09 01:46"
    assert summary.methods(found) == [("score_method", "a, loss")]
    table = summary.by_rule(found).set_index("rule")
    assert table.index[0] == "plot_overlap" and table.loc["score_method", ["jobs", "seconds"]].tolist() == [2, 4]


def test_without_a_record_the_page_says_so():
    nothing = summary.jobs([], "mine", "toy", ["mlp"])
    assert summary.of_jobs(nothing) == [("jobs on record", "0")] and summary.by_rule(nothing).empty
    assert summary.methods(nothing) == [("none", "no job of a method is on record")]


@pytest.fixture(scope="module")
def page(network, tmp_path_factory):
    """The page of a known run, from its own jobs, with the run's folder."""
    tmp_path = tmp_path_factory.mktemp("summary")
    home = known_run.write(tmp_path, known_run.clusters(shape=(3, 2)), NAMES)
    pd.DataFrame(
        [[1, 0.5, 0.7, 0.6, 0.65]], columns=["epoch", "loss", "accuracy", "test_loss", "test_accuracy"]
    ).to_csv(home / "history.csv", index=False)
    data, gradients = str(home.parents[1] / "data.h5"), str(home / "gradients.h5")
    written = [str(home / f"{name}.csv") for name in ("confusion", "recall")]
    measure_confusion.measure_confusion(data, gradients, 0.95, *written)
    captions = [str(ROOT / f"report/answers/{name}.csv.rst") for name in ("confusion", "recall")]
    shown = {path: ["a table", Path(caption).name] for path, caption in zip(written, captions, strict=True)}
    files = {"data": data, "gradients": gradients, "history": str(home / "history.csv"), "model": network[1],
             "shown": written, "others": [], "captions": captions}  # fmt: skip
    job(tmp_path, "measure_confusion", "x", {"seconds": 3.0, "peak_mb": 120.5}, dataset="data-set", model="net")
    # of targets export and history, which ran before
    beside = [home / "export/points.csv", tmp_path / "results/history.csv"]
    for file in beside:
        file.parent.mkdir(exist_ok=True)
        file.write_text("row\n")
    path = tmp_path / "results/mine/summary-toy.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        summarise_study.summarise_study(files, "mine", FACTS, shown, [TEMPLATE], 0.95, str(path))
    return SimpleNamespace(home=home, text=path.read_text(), path=path)


def test_the_page_says_what_the_files_say(page, network):
    found = Texts(page.text)
    recall = pd.read_csv(page.home / "recall.csv", index_col="class")
    run = results.points(results.open(page.home))
    wrong = (run["label"] != run["prediction"]).sum()
    assert found.facts["data set"] == "data-set" and found.facts["a point"] == "3 x 2 numbers, uint8"
    assert (found.facts["training points"], found.facts["test points"]) == ("60", "24")
    assert found.facts["classes"] == "3: cat, <b>dog</b>, ship" and "<b>dog" not in page.text
    assert found.facts["training points a class"] == "20 to 20"
    assert found.facts["training"] != found.facts["test"] and f"{wrong} of 60 points wrong" in page.text
    for term, row in (("test", "all (accuracy)"), ("test, balanced", "all (balanced accuracy)")):
        share, low, high = recall.loc[row, ["recall", "low", "high"]]
        assert found.facts[term] == f"{share:.1%} ({low:.1%} to {high:.1%})"
    assert found.facts["parameters"] == f"{sum(int(np.prod(p.shape)) for p in network[0].trainable_weights):,}"
    assert found.facts["loss after the last epoch"] == "0.5 training, 0.6 test"
    assert found.facts["largest memory"] == "120 MB, measure_confusion" and "a &amp; b" in page.text
    # both tables whole, and the jobs
    counts = pd.read_csv(page.home / "confusion.csv")
    assert found.cells[: 3 * len(counts)] == [str(value) for row in counts.to_numpy() for value in row]
    assert f"{recall['low'].iloc[0]:.4g}" in found.cells and "120.5" in found.cells
    assert "http" not in page.text and "<script" not in page.text


def test_of_a_network_of_which_nothing_is_built_the_page_has_no_accuracy(page, tmp_path):
    files = {"data": str(page.home.parents[1] / "data.h5"), "shown": [], "others": []}
    path = tmp_path / "summary-data.html"
    facts = FACTS | {"recipe": {"architecture": "mlp", "hidden": [4, 2]}}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        summarise_study.summarise_study(files, "mine", facts, {}, [TEMPLATE], 0.95, str(path))
    found = Texts(path.read_text()).facts
    assert found["training points"] == "60" and found["hidden"] == "[4, 2]" and found["architecture"] == "mlp"
    assert found["trained"].startswith("no: nothing") and "test, balanced" not in found


def test_links_lead_from_the_page_to_files_that_are_there(page):
    links = re.findall(r'<li><a href="([^"]+)"', page.text)
    assert all((page.path.parent / link).is_file() for link in links)
    assert {Path(link).name for link in links} == {"confusion.csv", "recall.csv", "points.csv", "history.csv"}


def test_long_tables_end_and_say_so(tmp_path):
    path = tmp_path / "lds-full.csv"
    pd.DataFrame({"method": ["a"] * 99, "lds": np.linspace(0, 1, 99)}).to_csv(path, index=False)
    caption = (ROOT / "report/truth/truths.csv.rst").read_text()
    found = summary_page.table(str(path), "score", caption)
    assert (found["rows"], found["shown"], found["numbers"]) == (99, summary.ROWS, [False, True])
    assert found["cells"][1] == ["a", "0.0102"] and found["caption"].startswith("Linear datamodelling score")
    assert summary_page.plain(caption, "results/x/brittleness-full.csv").startswith("What a test point's margin loses")


def test_names_stand_on_the_page_as_they_are_and_numbers_with_four_digits(tmp_path):
    path, names = tmp_path / "suspicious.csv", ["2023_0417", "007", "12.50", "1e5"]
    found = {"id": names, "label": ["1.50", "2", "NA", "1e5"], "part": names, "of": ["12.50", "1e5", "", "5e-7"]}
    found |= {"row": [0, 1, 10**7, 3], "score_loss": [3.14159265, 1e-7, np.nan, 12345.678]}
    pd.DataFrame(found).to_csv(path, index=False)
    caption = (ROOT / "report/truth/truths.csv.rst").read_text()
    page = summary_page.table(str(path), "labels", caption)
    columns = dict(zip(page["columns"], zip(*page["cells"], strict=True), strict=True))
    for name in ("id", "label", "part"):
        assert list(columns[name]) == found[name]
    # a column is one of numbers as a whole, and where it is not called as names are
    assert columns["of"] == ("12.5", "1e+05", "", "5e-07") and columns["row"] == ("0", "1", "10000000", "3")
    assert columns["score_loss"] == ("3.142", "1e-07", "", "1.235e+04")
    assert page["numbers"] == [False, False, False, True, True, True]


def test_the_reports_first_page_shows_every_study_of_the_run(page):
    """As Snakemake renders it: Jinja with the report's files by category, then docutils."""
    other = page.path.parents[1] / "other/summary.html"
    other.parent.mkdir()
    other.write_text(page.text.replace("3 x 2 numbers", "7 numbers"))
    category = namedtuple("Category", "name")("0. Summary")
    again = page.path.with_name("summary.html")
    again.write_text(page.text)
    record = {category: {None: [SimpleNamespace(path=path) for path in (page.path, again, other)]}}
    text = (ROOT / "report/workflow.rst").read_text()
    text = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(text).render(categories=record)
    found = publish_parts(text, writer_name="html", settings_overrides={"halt_level": 2})["html_body"]
    assert found.index("mine") < found.index("3 x 2 numbers") < found.index("other") < found.index("7 numbers")
    # of a study that two targets built the facts stand once, with a way to both pages
    assert found.count("app.setView(") == 3 and found.count("3 x 2 numbers") == 1 and found.count("target toy") == 1
    assert "&lt;b&gt;dog" in found
    nothing = jinja2.Environment().from_string((ROOT / "report/workflow.rst").read_text()).render(categories={})
    assert "app.setView" not in nothing
