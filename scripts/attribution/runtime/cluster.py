"""Jobs of an earlier run of the workflow that are still on the cluster."""

import getpass
import os
import shutil
import subprocess

FIELDS = "%i|%j|%T|%P|%k|%Z"  # id, name (the run's), state, partition, comment (the rule), working directory


def parse(listing: str, folder: str) -> list[dict]:
    """Jobs that Snakemake submitted from a folder.

    Args:
        listing: of squeue with FIELDS, no header. folder: the working directory.

    Returns:
        `id`, `run`, `state`, `partition`, `rule` of each.
    """
    found = []
    for line in listing.splitlines():
        number, run, state, partition, rest = line.split("|", 4)
        comment, _, where = rest.rpartition("|")
        if comment.startswith("rule_") and os.path.realpath(where) == os.path.realpath(folder):
            rule = comment.removeprefix("rule_")
            found.append({"id": number, "run": run, "state": state, "partition": partition, "rule": rule})
    return found


def earlier_jobs(folder: str) -> list[dict]:
    """See `parse`; empty where there is no squeue, or it does not answer."""
    if shutil.which("squeue") is None:
        return []
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format", FIELDS]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return []
    return parse(done.stdout, folder) if done.returncode == 0 else []


def refusal(jobs: list[dict]) -> str:
    """What to tell the user: which jobs, why not to start, and the one command that cancels them."""
    listed = "".join(f"\n  {job['id']}  {job['state']:<10} {job['partition']:<10} {job['rule']}" for job in jobs)
    runs = ",".join(sorted({job["run"] for job in jobs}))
    return (
        f"{len(jobs)} jobs of an earlier run in this folder are still on the cluster; new ones would write the same "
        f"files:{listed}\nWait until they have ended, or cancel them:  scancel --name={runs}\nThen start again."
    )
