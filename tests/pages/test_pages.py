"""The pages: what is written in them is what the generator writes, and what they name exists."""

import re
import subprocess

import pytest
import yaml

import write_pages
from helpers import ROOT
from writing import blocks, results, settings, workflow

pytestmark = pytest.mark.slow

LINKED = ("README.md", "config/README.md", "profiles/slurm/README.md",
          *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md"))))  # fmt: skip
# folders whose files are named in pages by their path
FOLDERS = ("config", "scripts", "rules", "tests", "benchmarks", "docs", "profiles", "locks", "report")


@pytest.mark.parametrize("page", write_pages.PAGES)
def test_a_page_is_what_the_generator_writes(page):
    assert (ROOT / page).read_text() == write_pages.written(page), f"{page} is old: run python docs/write_pages.py"


def test_what_is_changed_by_hand_inside_a_block_is_written_over_and_outside_is_kept():
    page = "a\n<!-- written: x 1 2 -->\nby hand\n<!-- end -->\nb\n"
    written = blocks.fill(page, {"x": lambda *numbers: "+".join(numbers)})
    assert written == "a\n<!-- written: x 1 2 -->\n\n1+2\n\n<!-- end -->\nb\n"
    assert blocks.fill(written, {"x": lambda *numbers: "+".join(numbers)}) == written


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("<!-- written: y -->\n<!-- end -->", "the block 'y' is of no known kind; known are x"),
        ("<!-- written: x -->\n", "a block lacks its first or its last line"),
        ("<!-- end -->\n", "a block lacks its first or its last line"),
        ("<!-- written: x -->\n<!-- written: x -->\n<!-- end -->", "a block lacks its first or its last line"),
    ],
)
def test_a_block_that_cannot_be_written_is_named(page, sentence):
    with pytest.raises(blocks.PageError, match=sentence):
        blocks.fill(page, {"x": str})


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_every_table_of_results_has_its_file_its_place_its_command_and_its_commit():
    about = results.tables()
    assert {path.stem for path in results.FOLDER.glob("*.csv")} == set(about)
    shown = re.findall(r"written: table (\S+) ", (ROOT / "docs/results.md").read_text())
    assert sorted(shown) == sorted(about)
    for name, table in about.items():
        assert table["command"].startswith("make"), name
        assert re.fullmatch(r"[0-9a-f]{7}", table["commit"]), name


def test_commits_that_results_name_are_in_the_history():
    """One that was rewritten since cannot be looked up."""
    if _git("rev-parse", "--is-shallow-repository") != "false":
        pytest.skip("the history is not here")
    told = (ROOT / "docs/results/tables.yaml").read_text()
    named = set(re.findall(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7}\b", told))
    assert named and named <= {commit[:7] for commit in _git("log", "--format=%H").split()}


def _git(*words: str) -> str:
    """What git says; empty where there is none, or it refuses."""
    if not (ROOT / ".git").exists():
        return ""
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def test_cells_of_several_columns_and_tables_across_a_column(tmp_path):
    (tmp_path / "tables.yaml").write_text(
        'a: {rows: {method: "`{m}`"}, across: "seed {s}", cell: ["{x} ({low})", "{x}"]}\n'
        'b: {columns: {both: "{x} / {low}"}}\nc: {}\n'
    )
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text("m,s,x,low\np,0,1.00,0.5\np,1,2.0,\nq,1,,\n")
    assert results.result("a", tmp_path).splitlines()[2:] == ["| `p` | 1.00 (0.5) | 2.0 |", "| `q` | | |"]
    assert results.result("b", tmp_path).splitlines()[2:] == ["| 1.00 / 0.5 |", "| |", "| |"]
    assert results.result("c", tmp_path).splitlines()[:3] == [
        "| m | s | x | low |",
        "| --- | --- | --- | --- |",
        "| p | 0 | 1.00 | 0.5 |",
    ]
    with pytest.raises(blocks.PageError, match=r"the table 'd' needs an entry in docs/results/tables.yaml and"):
        results.result("d", tmp_path)


def test_cells_over_the_values_of_a_column(tmp_path):
    (tmp_path / "tables.yaml").write_text(
        'a: {rows: {method: "{m}"}, across: "{g}", over: s, cell: "{x} ({x_least:.1f} to {x_most:.1f}) of {s_count}"}\n'
    )
    (tmp_path / "a.csv").write_text("m,g,s,x\np,u,0,1.0\np,u,1,5.0\np,u,2,2.5\np,v,0,7.0\nq,u,0,\n")
    assert results.result("a", tmp_path).splitlines()[2:] == [
        "| p | 2.5 (1.0 to 5.0) of 3 | 7.0 (7.0 to 7.0) of 1 |",
        "| q | | |",
    ]


def test_every_section_of_the_settings_and_every_loader_has_its_table():
    page = (ROOT / "config/README.md").read_text()
    schema = settings.load()
    assert set(re.findall(r"written: settings (\w+) -->", page)) == set(schema["properties"])
    loaders = {case["then"]["$ref"].rsplit("/", 1)[-1] for case in schema["$defs"]["dataset"]["allOf"]}
    assert set(re.findall(r"written: settings datasets (\w+) -->", page)) == {*loaders, "variant"}


def test_a_setting_without_a_description_is_named():
    schema = {"$defs": {}, "properties": {"a": {"properties": {"b": {"type": "integer"}}}}}
    with pytest.raises(blocks.PageError, match=r"the setting a\.b has no description"):
        dict(settings.rows(schema, schema["properties"]["a"], ("a",)))


def test_the_graph_has_every_rule_of_the_target_and_no_arrow_twice():
    lines = [line.strip() for line in workflow.graph("toy").splitlines()]
    rules = {rule["name"] for rule in workflow.rules()}
    arrows = [tuple(line.split(" --> ")) for line in lines if "-->" in line]
    assert len(arrows) == len(set(arrows)) and {name for arrow in arrows for name in arrow} <= rules
    assert {"prepare_toy", "train_model", "plot_greedy_stages", "evaluate_study"} <= set(lines)
    # it follows from prepare_toy --> train_model --> cache_gradients
    assert ("prepare_toy", "cache_gradients") not in arrows and ("prepare_toy", "train_model") in arrows


def standing(page: str) -> str:
    """What a page says of the project as it is: the map without its recipes, whose files and targets are not there."""
    return (ROOT / page).read_text().split("## Add a data set")[0]


def anchors(text: str) -> set[str]:
    """Anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?ms)^ *```.*?^ *```", "", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKED)
def test_links_lead_to_files_and_anchors(page):
    text = (ROOT / page).read_text()
    missing = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        if re.match(r"\w+:", path):
            continue
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            missing.append(link)
    assert not missing


def make_targets() -> set[str]:
    return set(re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text()))


@pytest.mark.parametrize("page", LINKED)
def test_targets_that_a_page_names_exist(page):
    text = standing(page)
    code = "\n".join([*re.findall(r"(?ms)^ *```\w*\n(.*?)^ *```", text), *re.findall(r"`([^`\n]+)`", text)])
    made = set(re.findall(r"(?m)\bmake ([a-z][\w-]*)", code))
    assert made <= make_targets(), f"no target of the Makefile: {made - make_targets()}"
    known = {rule["name"] for rule in workflow.rules() if workflow.is_target(rule)}
    # files of settings that the page names may bring targets of their own
    for name in sorted(set(re.findall(r"config/[\w-]+\.yaml", code))):
        known |= set((yaml.safe_load((ROOT / name).read_text()) or {}).get("targets") or {})
    named = {name for names in re.findall(r"TARGET=('[\w ]+'|\w+)", code) for name in names.strip("'").split()}
    # what follows `--` or `snakemake` and is no path
    named |= set(re.findall(r"\bsnakemake\b[^\n]* -- ([a-z]\w*)(?![\w/.])", code))
    named |= set(re.findall(r"\bsnakemake ([a-z]\w*)(?![\w/.=])", code))
    assert named <= known, f"no target of the Snakefile: {named - known}"


@pytest.mark.parametrize("page", LINKED)
def test_files_of_the_project_that_a_page_names_exist(page):
    named = re.findall(
        rf"(?<![\w./-])((?:{'|'.join(FOLDERS)})/[\w./-]+\.(?:py|md|yaml|smk|csv|txt|rst|png))", standing(page)
    )
    assert not [path for path in named if not (ROOT / path).exists() and not ((ROOT / page).parent / path).exists()]


def test_tests_that_a_page_names_exist():
    named = {page: re.findall(r"(tests/[\w/]+\.py)::(\w+)", (ROOT / page).read_text()) for page in LINKED}
    assert len(named["docs/results.md"]) > 12
    for page, tests in named.items():
        assert not [(file, name) for file, name in tests if f"def {name}(" not in (ROOT / file).read_text()], page
