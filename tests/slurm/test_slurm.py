"""The tiny study on a real SLURM, and what clusters do to jobs. Run by `make test-slurm`, about twenty minutes.

Starts munged, slurmctld and two nodes on this host and ends them; the GPUs of node g1 are pretended.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "munged")
SNAKEMAKE = str(Path(sys.executable).with_name("snakemake"))
TINY = ["--configfile", "config/tiny.yaml"]
SLURM = [SNAKEMAKE, "--profile", "profiles/slurm", *TINY]
# waits that suit daemons on this host; the profile's suit a cluster
QUICK = ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10"]
LOCAL = [SNAKEMAKE, "--cores", "2", *TINY]
MODEL = "results/toy/mlp-plain/seed0/model.keras"
ENDS = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL"}
LONG = 150.0  # estimated seconds of the training: far more than a minute, should the machine become faster meanwhile
WAIT = 400


def missing() -> str:
    absent = [name for name in PROGRAMS if shutil.which(name) is None and not Path("/usr/sbin", name).exists()]
    if absent:
        return f"no {', '.join(absent)}: install Debian's slurmctld slurmd slurm-client munge"
    return "" if os.getuid() == 0 else "SLURM's daemons are started as root; run this test as root"


# a mark on each test: a skipped module would collect none, which pytest calls a failure
pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """State directory of the running SLURM."""
    state = tmp_path_factory.mktemp("slurm")
    for parent in (state, *state.parents[:2]):
        parent.chmod(0o755)
    try:
        up = subprocess.run([HERE / "slurm_up.sh", state], capture_output=True, text=True)
        assert up.returncode == 0, up.stdout + up.stderr
        yield state
        print((state / "log/completed.txt").read_text())
    finally:
        subprocess.run([HERE / "slurm_down.sh", state])


@pytest.fixture(scope="session")
def local(tmp_path_factory):
    """The finished tiny study of this machine without SLURM, and its seconds."""
    folder, start = copy_of_project(tmp_path_factory.mktemp("local")), time.monotonic()
    run([*LOCAL, "--", "toy"], folder)
    print(f"tiny study, local: {time.monotonic() - start:.0f} s")
    return folder


def copy_of_project(folder: Path) -> Path:
    for part in ("rules", "scripts", "config", "profiles", "report"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    return folder


def asking(folder: Path, more: str) -> None:
    """Change what training asks for, in the copy's profile: `--set-resources` would drop the profile's partitions."""
    path, line = folder / "profiles/slurm/config.yaml", "train_model: {slurm_partition: gpu"
    text = path.read_text()
    assert line + "}" in text
    path.write_text(text.replace(line + "}", f"{line}, {more}}}"))


def run(command: list, folder: Path, expected: int = 0) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    text = done.stdout + done.stderr
    assert (done.returncode == 0) == (expected == 0), text[-6000:]
    return text


def start(command: list, folder: Path) -> subprocess.Popen:
    with open(folder / "run.log", "a") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)


def finish(going: subprocess.Popen, folder: Path) -> str:
    assert going.wait(timeout=900) == 0, (folder / "run.log").read_text()[-6000:]
    return (folder / "run.log").read_text()


def jobs(folder: Path) -> list[dict]:
    """Every job that was submitted from a folder, as SLURM shows it."""
    shown = subprocess.run(["scontrol", "show", "job", "--oneliner"], capture_output=True, text=True).stdout
    rows = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in shown.splitlines()]
    return [row for row in rows if row.get("WorkDir") == str(folder)]


def wait_for(found, what: str, seconds: float = WAIT):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.3)
    raise AssertionError(f"{what} did not happen in {seconds} s")


def running(folder: Path, partition: str = "gpu") -> list[str]:
    return [job["JobId"] for job in jobs(folder) if job["JobState"] == "RUNNING" and job["Partition"] == partition]


def epochs_trained(folder: Path) -> bool:
    return any(folder.glob("results/toy/*/seed0/.training-*/state.h5"))


def listed(folder: Path) -> str:
    keys = (
        "JobId",
        "JobState",
        "Partition",
        "NodeList",
        "TresPerJob",
        "MinMemoryNode",
        "TimeLimit",
        "RunTime",
        "Restarts",
    )
    lines = [
        " ".join(f"{key}={job.get(key, '-')}" for key in keys) + f" {job.get('Comment', '')[:60]}"
        for job in jobs(folder)
    ]
    return "\n".join(lines)


def arrays_of(folder: Path) -> dict:
    found = {}
    for path in sorted((folder / "results").rglob("[!.]*.h5")):
        with h5py.File(path) as file:
            names = []
            file.visit(names.append)
            found |= {
                f"{path.relative_to(folder)}:{name}": file[name][()]
                for name in names
                if isinstance(file[name], h5py.Dataset)
            }
    return found


def same_results(folder: Path, expected_folder: Path) -> int:
    found, expected = arrays_of(folder), arrays_of(expected_folder)
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    return len(found)


def same_history(folder: Path, expected_folder: Path, epochs: int) -> None:
    found, expected = (
        pd.read_csv(path / MODEL.replace("model.keras", "history.csv")) for path in (folder, expected_folder)
    )
    assert found["epoch"].tolist() == list(range(1, epochs + 1))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_job_over_its_memory_is_killed_and_repeated_with_more(cluster, local, tmp_path, capsys):
    folder, result = copy_of_project(tmp_path), str(Path(MODEL).with_name("decision_boundary.h5"))
    # too little for TensorFlow; training itself would refuse before it starts, as it predicts its memory
    profile = folder / "profiles/slurm/config.yaml"
    line = "  map_decision_boundary: {mem_mb: attempt * 300}\n"
    profile.write_text(profile.read_text().replace("set-resources:\n", "set-resources:\n" + line))
    text = run([*SLURM, *QUICK, "--", result], folder)
    tried = [job for job in jobs(folder) if "map_decision_boundary" in job["Comment"]]
    assert [job["MinMemoryNode"] for job in tried][:2] == ["300M", "600M"]
    assert tried[0]["JobState"] in ("OUT_OF_MEMORY", "FAILED") and tried[-1]["JobState"] == "COMPLETED"
    assert re.search(r"oom|Killed|SIGKILL|status 137|status -9|code 9", text, re.IGNORECASE), text[-6000:]
    with h5py.File(folder / result) as found, h5py.File(local / result) as expected:
        for name in expected:
            np.testing.assert_array_equal(found[name][()], expected[name][()], err_msg=name)
    with capsys.disabled():
        print(f"\n{listed(folder)}")


def test_training_stops_in_time_and_goes_on_in_the_next_attempt(cluster, tmp_path, capsys):
    folder, whole = copy_of_project(tmp_path / "slurm"), copy_of_project(tmp_path / "local")
    epochs = epochs_in(LONG, whole)
    for copy in (folder, whole):
        ask_epochs(copy, epochs)
    asking(folder, "runtime: attempt")
    run([*SLURM, "slow.yaml", *QUICK, "--", MODEL], folder)
    run([*LOCAL, "slow.yaml", "--", MODEL], whole)
    tried = [job for job in jobs(folder) if job["Partition"] == "gpu"]
    assert [job["TimeLimit"] for job in tried][:2] == ["00:01:00", "00:02:00"]
    # its own clock ended it, not the cluster
    assert tried[0]["JobState"] == "FAILED" and tried[-1]["JobState"] == "COMPLETED"
    same_history(folder, whole, epochs)
    with capsys.disabled():
        print(f"\n{listed(folder)}")


def ask_epochs(folder: Path, epochs: int) -> None:
    (folder / "slow.yaml").write_text(f"models: {{mlp-plain: {{training: {{epochs: {epochs}}}}}}}\n")


def epochs_in(seconds: float, folder: Path) -> int:
    """Epochs that this machine trains in so many seconds, from two short trainings."""
    few, many, took = 50, 450, []
    for epochs in (few, many):
        ask_epochs(folder, epochs)
        begun = time.monotonic()
        run([*LOCAL, "slow.yaml", "--", MODEL], folder)
        took.append(time.monotonic() - begun)
    return round(seconds * (many - few) / (took[1] - took[0]))


def test_a_lost_node_gives_its_job_back(cluster, local, tmp_path, capsys):
    folder = copy_of_project(tmp_path)
    going = start([*SLURM, *QUICK, "--", MODEL], folder)
    number = wait_for(lambda: running(folder), "a running job on the GPU node")[0]
    wait_for(lambda: epochs_trained(folder), "a finished epoch")
    lose_node(cluster, number)
    wait_for(lambda: "down" in node_state(), "the node's being seen as lost")
    subprocess.run(["/usr/sbin/slurmd", "-N", "g1"], check=True)
    finish(going, folder)
    (job,) = [job for job in jobs(folder) if job["JobId"] == number]
    assert job["JobState"] == "COMPLETED" and job["Restarts"] == "1"
    same_history(folder, local, 40)
    with capsys.disabled():
        print(f"\n{listed(folder)}")


def test_the_study_after_a_killed_snakemake_and_a_cancelled_job(cluster, local, tmp_path, capsys):
    folder = copy_of_project(tmp_path)
    begun = time.monotonic()
    command = [*SLURM, *QUICK, "--", "toy"]
    going = start(command, folder)
    wait_for(lambda: len(running(folder)) == 2, "two running jobs on the GPU node")
    os.kill(going.pid, signal.SIGKILL)
    going.wait()
    run([*SLURM, "--unlock", "--", "toy"], folder)
    submitted = {job["JobId"] for job in jobs(folder)}
    text = run(command, folder, expected=1)
    assert "of an earlier run in this folder are still on the cluster" in text
    assert all(number in text for number in running(folder))
    assert {job["JobId"] for job in jobs(folder)} == submitted, "a duplicate was submitted"
    cancel = re.search(r"scancel --name=\S+", text)[0]
    subprocess.run(cancel.split(), check=True)
    wait_for(lambda: all(job["JobState"] in ENDS for job in jobs(folder)), "the end of the cancelled jobs")

    going = start(command, folder)
    cancelled = wait_for(lambda: [n for n in running(folder) if n not in submitted], "a new job on the GPU node")[0]
    subprocess.run(["scancel", cancelled], check=True)
    text = finish(going, folder)
    states = {job["JobId"]: job for job in jobs(folder)}
    assert states[cancelled]["JobState"] == "CANCELLED" and "CANCELLED" in text
    for job in states.values():
        if job["JobState"] == "COMPLETED":
            training = re.search("train_model|retrain|cache_gradients", job["Comment"])
            assert job["NodeList"] == ("g1" if training else "c1"), job
            assert job["NumCPUs"] == "1" and int(job["MinMemoryNode"].rstrip("M")) >= 1000, job
            assert (job.get("TresPerJob") == "gres:gpu:1") == bool(training), job
    count = same_results(folder, local)
    assert "Nothing to be done" in run([*LOCAL, "-n", "--", "toy"], folder)
    with capsys.disabled():
        print(f"\n{listed(folder)}\ntiny study under SLURM, with both interruptions: {time.monotonic() - begun:.0f} s; "
              f"{count} arrays equal those of the local run")  # fmt: skip


def node_state() -> str:
    return subprocess.run(["sinfo", "-h", "-n", "g1", "-p", "gpu", "-o", "%T"], capture_output=True, text=True).stdout


def lose_node(state: Path, number: str) -> None:
    """Kill at once what a node's loss would: slurmd, and the job's steps and processes, known by its number."""
    doomed = [int((state / "run/slurmd.g1.pid").read_text())]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            of_job = f"SLURM_JOB_ID={number}\0".encode() in (folder / "environ").read_bytes()
            step = f"slurmstepd: [{number}.".encode() in (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if of_job or step:
            doomed.append(int(folder.name))
    for pid in doomed:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
