"""Every result file is described once, with the folder that its rule puts it in."""

import re

import pytest

from attribution.files import results, scopes
from helpers import ROOT

PLACES = {
    "scope": 'f"{RUN}{{scope}}/',
    "run": 'f"{RUN}/',
    "study": '"results/{study}/',
    "dataset": '"results/{dataset}/',
}


def outputs():
    """(name, scope) of every result file that a rule writes; wildcards in the name are filled in."""
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for part in re.findall(r"^    output:\n(.*?)^    \w+:", path.read_text(), re.MULTILINE | re.DOTALL):
            for scope, start in PLACES.items():
                for name in re.findall(rf'(?<![\w"]){re.escape(start)}([^"]+)"', part):
                    filled = re.sub(r"\{\{?variant\}?\}", "-minimum", name)
                    # one folder of groups, and one table of a study
                    filled = re.sub(r"\{\{?table\}?\}", "lds" if scope == "study" else "recovery", filled)
                    filled = re.sub(r"\{\{?ending\}?\}", "parquet", filled)
                    yield re.sub(r"\{\{?\w+\}?\}", "1", filled), scope


WRITTEN = sorted(set(outputs()))


def test_results_of_every_stage_are_found():
    assert {scope for _, scope in WRITTEN} == set(scopes.SCOPES)
    assert {"gradients.h5", "model.keras", "data.h5", "groups-minimum.h5"} <= {name for name, _ in WRITTEN}


@pytest.mark.parametrize(("name", "scope"), WRITTEN)
def test_a_result_stands_where_its_description_says(name, scope):
    assert scope in {scopes.scope_of(name), scopes.scope_of(name, images=True)}


def test_a_table_of_images_stands_in_the_runs_own_folder():
    assert (scopes.scope_of("evaluation.csv"), scopes.scope_of("evaluation.csv", images=True)) == ("scope", "run")


def test_a_file_without_a_description_is_named():
    with pytest.raises(KeyError, match=r"losses.h5 is described by no module of files/results"):
        scopes.scope_of("losses.h5")


def test_a_file_is_described_once(monkeypatch):
    from attribution.files.results import hessian

    assert results.__path__
    monkeypatch.setattr(hessian, "FILES", {"gradients.h5": "scope"})
    with pytest.raises(ValueError, match=r"hessian.py describes gradients.h5 twice"):
        scopes.described.__wrapped__()
