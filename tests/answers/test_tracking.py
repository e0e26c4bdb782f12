"""An offline run of Weights & Biases holds what the files say, and nobody is asked for anything while it is written."""

import json
import math
import socket
import struct
import sys
import zlib
from pathlib import Path

import pandas as pd
import pytest

import track_study
from attribution.answers import summary, tracking

FACTS = {"dataset": "toy", "model": "mlp", "seed": 3, "recipe": {"architecture": "mlp", "hidden": [4]},
         "models": ["mlp"], "description": ""}  # fmt: skip
CURVE = pd.DataFrame({"epoch": [1, 2, 3], "loss": [1.5, 0.25, 1 / 3], "test_loss": [2.0, None, 0.5]})
RAN = [
    ("prepare_toy", "toy", {"dataset": "toy"}, [(900.0, 1.5, 100.0)]),
    ("train_model", "toy-mlp-seed3", {"dataset": "toy", "model": "mlp"}, [(950.0, 30, 700), (990.0, 20, 701)]),
    ("plot_overlap", "other", {"study": "other"}, [(980.0, 2, 200)]),
]  # fmt: skip
# of the transaction log: a record stands whole in a block, or begins, goes on and ends in several
BLOCK, HEAD, MAGIC, WHOLE, LAST = 32768, struct.Struct("<IHB"), b":W&B", 1, 4


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Files of a study's jobs, of one of them twice, and of another study."""
    monkeypatch.chdir(tmp_path)
    for rule, name, wildcards, times in RAN:
        log = Path(f"results/logs/{rule}/{name}.jobs.jsonl")
        log.parent.mkdir(parents=True)
        keys = ("finished", "seconds", "peak_mb")
        lines = [dict(zip(keys, found, strict=True)) | {"commit": "abc", "wildcards": wildcards} for found in times]
        log.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        benchmark = Path(f"results/benchmarks/{rule}/{name}.tsv")
        benchmark.parent.mkdir(parents=True)
        benchmark.write_text(f"s\th:m:s\tmax_rss\tmean_load\n{times[-1][1]}\t0:00:20\t512.25\t-\n")
    CURVE.to_csv("history.csv", index=False)
    return tmp_path


def expected() -> list[dict]:
    rows = [
        {f"training/{key}": value for key, value in row.items() if not pd.isna(value)}
        for row in CURVE.to_dict("records")
    ]
    ran = sorted((*found, rule, name) for rule, name, chosen, times in RAN[:2] for found in times)
    rows += [
        {"jobs/number": number, "jobs/rule": rule, "jobs/job": name, "jobs/finished": finished, "jobs/commit": "abc",
         "jobs/seconds": seconds, "jobs/peak_mb": peak}
        for number, (finished, seconds, peak, rule, name) in enumerate(ran)
    ]  # fmt: skip
    return rows + [
        {"benchmarks/number": number, "benchmarks/rule": rule, "benchmarks/job": name, "benchmarks/s": times[-1][1],
         "benchmarks/h:m:s": "0:00:20", "benchmarks/max_rss": 512.25}
        for number, (rule, name, _, times) in enumerate(RAN[:2])
    ]  # fmt: skip


def test_the_rows_are_those_of_the_files(folder):
    events = summary.events(summary.lines_of("results/logs"), "mine", "toy", ["mlp"])
    assert list(tracking.rows("history.csv", events, "results/benchmarks")) == expected()


def records(path: Path) -> list[bytes]:
    """Records of a transaction log, LevelDB's format, each with its checksum compared."""
    content = path.read_bytes()
    assert content[:4] == MAGIC
    found, parts, place = [], b"", 7
    while place + HEAD.size <= len(content):
        left = BLOCK - place % BLOCK
        if left < HEAD.size:
            place += left
            continue
        checksum, length, kind = HEAD.unpack_from(content, place)
        place += HEAD.size
        part = content[place : place + length]
        assert checksum == zlib.crc32(part, zlib.crc32(bytes([kind])))
        parts, place = parts + part, place + length
        if kind in (WHOLE, LAST):
            found.append(parts)
            parts = b""
    assert not parts
    return found


@pytest.fixture
def listener():
    """A socket in the place of the server and of every proxy; whoever asked it waits in its queue."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.setblocking(False)
        yield found


def test_the_offline_run_holds_the_rows_and_nobody_was_asked(folder, listener, monkeypatch):
    try:
        from wandb.proto import wandb_internal_pb2
    except ModuleNotFoundError:
        pytest.skip("the package wandb is not installed here; make wandb")
    host = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for name in ("WANDB_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, host)
    for name in ("NO_PROXY", "no_proxy", *tracking.QUIET, *tracking.FOLDERS):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    track_study.track_study("history.csv", "mine", "-toy", FACTS, "a project", "out/wandb-toy")
    with pytest.raises(BlockingIOError):
        listener.accept()

    (home,) = Path("out/wandb-toy").iterdir()
    assert home.name.startswith("offline-run-") and home.name.endswith("-mine-toy-seed3")
    (path,) = home.glob("*.wandb")
    found = [wandb_internal_pb2.Record.FromString(record) for record in records(path)]
    rows = []
    for record in found:
        if record.HasField("history"):
            items = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
            rows.append({key: value for key, value in items.items() if not key.startswith("_")})
    assert len(rows) == len(expected())
    for row, wanted in zip(rows, expected(), strict=True):
        assert row.keys() == wanted.keys()
        for key, value in wanted.items():
            assert row[key] == value if isinstance(value, str) else math.isclose(row[key], value, rel_tol=1e-12), key
    (run,) = (record.run for record in found if record.HasField("run"))
    assert (run.project, run.run_id, run.display_name) == ("a project", "mine-toy-seed3", "mine-toy-seed3")
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert config["recipe"] == FACTS["recipe"] and (config["dataset"], config["seed"]) == ("toy", 3)
    # neither machine, nor code, nor packages
    assert run.host == "not told" and not run.git.commit and not list(home.glob("files/*"))
    assert str(folder).encode() not in path.read_bytes()


def test_without_the_package_it_is_one_sentence(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    for name in (*tracking.QUIET, *tracking.FOLDERS):
        monkeypatch.setenv(name, "")
    with pytest.raises(
        ValueError, match=r"needs the package wandb, which is not installed; run `make wandb`, or set it"
    ):
        track_study.track_study("history.csv", "mine", "", FACTS, "p", "out/wandb")
