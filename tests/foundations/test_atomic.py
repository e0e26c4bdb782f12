"""Files that appear when they are complete: what an error and a kill leave, and who removes it."""

import signal
import socket
import subprocess
import sys

import pytest

from attribution.files import atomic
from helpers import script_environment

CHILD = """
import sys, time
from attribution.files import atomic
with atomic.replacing(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half")
    print("open", flush=True)
    time.sleep(600)
"""


def writing(path):
    """A child that has begun to write `path` and waits."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        env=script_environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout.readline() == "open\n"
    return child


def write(path, content):
    with atomic.replacing(path) as temporary:
        temporary.write_bytes(content)


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "new/a.h5"
    write(path, b"old")
    with pytest.raises(ZeroDivisionError), atomic.replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old" and list(path.parent.iterdir()) == [path]


def test_what_a_killed_process_left_is_removed_when_its_result_is_written(tmp_path):
    path, other = tmp_path / "a.h5", tmp_path / "b.h5"
    children = [writing(path), writing(other), writing(path)]
    killed, of_another, living = children
    try:
        for child in (killed, of_another):
            child.kill()
            assert child.wait() == -signal.SIGKILL
        foreign = tmp_path / f".a.h5.another-machine.{killed.pid}.tmp"
        foreign.write_bytes(b"of another machine")
        assert len(list(tmp_path.iterdir())) == 4 and not path.exists()
        write(path, b"whole")
        assert path.read_bytes() == b"whole"
        here = socket.gethostname()
        kept = {f".b.h5.{here}.{of_another.pid}.tmp", f".a.h5.{here}.{living.pid}.tmp", foreign.name, path.name}
        assert {file.name for file in tmp_path.iterdir()} == kept
        write(other, b"whole")
        assert {file.name for file in tmp_path.glob(".b.h5.*")} == set()
    finally:
        for child in children:
            child.kill()
            child.wait()


def test_a_result_whose_name_begins_another_is_not_touched(tmp_path):
    child = writing(tmp_path / "a.h5.more")
    child.kill()
    child.wait()
    write(tmp_path / "a.h5", b"whole")
    assert len(list(tmp_path.glob(".a.h5.more.*.tmp"))) == 1
