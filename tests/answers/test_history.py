"""What jobs keep of what they took, the table of it, and exported tables, on closed forms."""

import json
import os
import subprocess
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import export_table
import known_run
from attribution import results
from attribution.answers import history
from attribution.files import hdf5, provenance
from attribution.runtime import record

PARAMS = {"training": {"epochs": 2}, "several": [1, 2], "digests": {"data": "a"}}


def job_of(folder, name: str, **params):
    log = folder / f"results/logs/train_model/{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(
        log=[str(log)], resources={"mem_mb": 900, "runtime": 7, "gpu": 1}, threads=2, params=PARAMS | params,
        wildcards={"dataset": name},
    )  # fmt: skip


def test_a_line_is_kept_for_each_time_that_a_job_ran(tmp_path, monkeypatch):
    monkeypatch.setattr(record.time, "time", lambda: 1000.0)
    for begun in (900.0, 990.0):
        record.append(job_of(tmp_path, "toy"), begun)
    lines = record.path_of(str(tmp_path / "results/logs/train_model/toy.log")).read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert [line["seconds"] for line in found] == [100.0, 10.0]
    assert {(line["asked_mb"], line["asked_minutes"], line["threads"]) for line in found} == {(900, 7, 2)}
    assert 10 < found[0]["peak_mb"] < 1e5 and found[0]["wildcards"] == {"dataset": "toy"}


def test_the_settings_digest_is_of_what_result_files_say_and_of_nothing_else():
    stored = provenance.attributes("train_model", {"dataset": "toy"}, PARAMS)["settings"]
    assert record.digest(PARAMS) == record.digest(json.loads(stored))
    assert record.digest(PARAMS) == record.digest(PARAMS | {"digests": {"data": "b"}})
    assert record.digest(PARAMS) != record.digest(PARAMS | {"several": [1, 3]})


def test_a_job_whose_line_cannot_be_written_is_done_nevertheless(tmp_path, capsys):
    job = job_of(tmp_path, "toy")
    record.path_of(job.log[0]).mkdir()
    record.append(job, 0.0)
    assert "what this job took is not kept" in capsys.readouterr().err


@pytest.mark.parametrize("packed", [False, True])
def test_the_commit_is_that_of_the_branch_in_a_clone_and_in_a_worktree(tmp_path, packed):
    def git(folder, *command):
        told = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        return subprocess.run(["git", *told, *command], cwd=folder, capture_output=True, text=True, check=True).stdout

    home, other = tmp_path / "clone", tmp_path / "other"
    home.mkdir()
    assert record.commit(home) is None
    git(home, "init", "-q")
    git(home, "commit", "-q", "--allow-empty", "-m", "first")
    git(home, "worktree", "add", "-q", str(other), "-b", "side")
    git(other, "commit", "-q", "--allow-empty", "-m", "second")
    if packed:
        git(home, "pack-refs", "--all")
    for folder in (home, other):
        assert record.commit(folder) == git(folder, "rev-parse", "HEAD")[:12]
    git(other, "checkout", "-q", "--detach")
    assert record.commit(other) == git(other, "rev-parse", "HEAD")[:12] != record.commit(home)


def test_the_table_has_every_run_of_a_job_and_the_benchmark_of_one_without_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [tmp_path / f"results/benchmarks/train_model/{name}.tsv" for name in ("new", "old")]
    paths[0].parent.mkdir(parents=True)
    for path in paths:
        path.write_text("s\th:m:s\tmax_rss\tcpu_time\n12.5\t0:00:12\t100.00\t9\n")
        os.utime(path, (500, 500))
    for now in (1000.0, 2000.0):
        monkeypatch.setattr(record.time, "time", lambda now=now: now)
        record.append(job_of(tmp_path, "new"), now - 3)
    found = history.table([str(path.relative_to(tmp_path)) for path in paths])
    assert list(found["job"]) == ["old", "new", "new"] and list(found["seconds"]) == [12.5, 3.0, 3.0]
    assert list(found["finished"]) == ["1970-01-01 00:08:20", "1970-01-01 00:16:40", "1970-01-01 00:33:20"]
    assert found["peak_mb"][0] == 104.9
    assert pd.isna(found["asked_mb"][0]) and list(found["asked_mb"][1:]) == [900, 900]
    assert list(history.table([]).columns) == history.COLUMNS


def test_an_exported_table_is_the_one_of_the_same_name(tmp_path):
    home = known_run.write(tmp_path, known_run.clusters())
    code = [str(tmp_path / "job.py")]
    needed = ["gradients.h5", "influence.h5", "groups.h5", "scores/loss.h5"]
    files = [str(home.parents[1] / "data.h5"), *(str(home / name) for name in needed), *code]
    for name in ("points", "groups"):
        export_table.export_table(files, code, name, str(home / f"export/{name}.csv"))
    run = results.open(home)
    points = pd.read_csv(home / "export/points.csv", index_col="index")
    wanted = results.points(run).drop(columns="score_self-influence")
    assert list(points) == list(wanted) and list(points["row"]) == list(wanted["row"])
    np.testing.assert_array_equal(points["self_influence"], hdf5.read(home / "influence.h5", "self_influence")[0])
    as_csv = (home / "export/points.csv").read_bytes()
    export_table.export_table(files, code, "points", str(home / "export/points.parquet"))
    stored = pd.read_parquet(home / "export/points.parquet")
    stored.to_csv(tmp_path / "again.csv")
    assert stored.index.name == "index" and (tmp_path / "again.csv").read_bytes() == as_csv
    pd.testing.assert_frame_equal(
        pd.read_csv(home / "export/groups.csv", dtype={"group": str}, keep_default_na=False), results.groups(run)
    )
