"""Digests of files: read again when content may have changed, and only then."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from attribution.files import digests

BEFORE, AFTER = b"a" * (digests.SMALL + 1), b"b" * (digests.SMALL + 1)
LATER = digests.SETTLED + 1  # seconds


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "data.npz"
    path.write_bytes(BEFORE)
    return path


@pytest.fixture
def memory(tmp_path):
    return tmp_path / "hidden" / "digests.json"


@pytest.fixture
def read(monkeypatch):
    """Names of the files that were read to their end."""
    found, reading = [], digests._read
    monkeypatch.setattr(digests, "_read", lambda file, kind: found.append(Path(file.name)) or reading(file, kind))
    return found


@pytest.fixture
def after(monkeypatch):
    """Let the clock show some seconds more than it does."""

    def ahead(seconds):
        clock = digests.time.time_ns()
        monkeypatch.setattr(digests.time, "time", lambda: clock / 1e9 + seconds)

    return ahead


def test_an_unchanged_file_is_read_once(file, memory, read, after):
    after(LATER)
    assert [digests.of_file(file, memory) for _ in range(3)] == [sha256(BEFORE)] * 3
    assert read == [file]
    assert digests.of_file(file, memory, "md5") == hashlib.md5(BEFORE).hexdigest()
    assert digests.of_file(file, memory) == sha256(BEFORE)
    assert read == [file, file]


def test_what_is_remembered(file, memory, after):
    after(LATER)
    digest, stat = digests.of_file(file, memory), file.stat()
    assert json.loads(memory.read_text()) == {
        f"sha256:{file}": {
            "size": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "ctime_ns": stat.st_ctime_ns,
            "inode": stat.st_ino,
            "digest": digest,
        }
    }


def rewrite(path, stat):
    path.write_bytes(AFTER)


def rewrite_with_its_old_date(path, stat):
    path.write_bytes(AFTER)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace_by_an_older_file(path, stat):
    other = path.with_name("backup")
    other.write_bytes(AFTER)
    os.utime(other, (1_600_000_000, 1_600_000_000))
    os.replace(other, path)


def replace_by_one_of_the_same_date(path, stat):
    other = path.with_name("backup")
    other.write_bytes(AFTER)
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.replace(other, path)


def point_elsewhere(path, stat):
    other = path.with_name("elsewhere")
    other.write_bytes(AFTER)
    path.unlink()
    path.symlink_to(other)


@pytest.mark.parametrize(
    "change",
    [
        rewrite,
        rewrite_with_its_old_date,
        replace_by_an_older_file,
        replace_by_one_of_the_same_date,
        point_elsewhere,
    ],
)
def test_other_content_of_the_same_size_is_noticed(file, memory, after, change):
    after(LATER)
    assert digests.of_file(file, memory) == sha256(BEFORE)
    change(file, file.stat())
    assert file.stat().st_size == len(BEFORE)
    assert digests.of_file(file, memory) == sha256(AFTER)


def test_a_changed_date_alone_reads_again_and_finds_the_same(file, memory, read, after):
    after(LATER)
    digests.of_file(file, memory)
    os.utime(file)
    assert digests.of_file(file, memory) == sha256(BEFORE)
    assert read == [file, file]


@pytest.mark.parametrize("seconds", [0, digests.SETTLED - 0.5, -3600])
def test_a_file_that_has_just_changed_is_not_remembered(file, memory, read, after, seconds):
    """Coarse dates would let another change pass; with a clock behind that of the disk's server nobody knows."""
    after(seconds)
    digests.of_file(file, memory)
    digests.of_file(file, memory)
    assert read == [file, file]
    assert not memory.exists()


def test_a_file_that_changes_while_it_is_read_is_not_remembered(file, memory, after, monkeypatch):
    after(LATER)
    reading = digests._read

    def interrupted(opened, kind):
        digest = reading(opened, kind)
        file.write_bytes(AFTER)
        return digest

    monkeypatch.setattr(digests, "_read", interrupted)
    digests.of_file(file, memory)
    monkeypatch.setattr(digests, "_read", reading)
    assert digests.of_file(file, memory) == sha256(AFTER)


def test_a_small_file_is_always_read(tmp_path, memory, read, after):
    after(LATER)
    path = tmp_path / "small"
    for content in (b"a" * digests.SMALL, b"b" * digests.SMALL):
        path.write_bytes(content)
        assert digests.of_file(path, memory) == sha256(content)
    assert not memory.exists()


def entry(path, **changed):
    with open(path, "rb") as opened:
        facts = digests._facts(opened)
    return json.dumps({f"sha256:{path}": facts | {"digest": "0" * 64} | changed})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: "",
        lambda path: "{",
        lambda path: "[1, 2]",
        lambda path: "\udcff",
        lambda path: json.dumps({f"sha256:{path}": "0" * 64}),
        lambda path: entry(path, digest=None),
        lambda path: entry(path, digest="0" * 63),
        lambda path: entry(path, digest="z" * 64),
        lambda path: entry(path, size=1),
        lambda path: entry(path, inode=1),
        lambda path: entry(path, ctime_ns="1"),
        lambda path: entry(path, more=1),
    ],
)
def test_a_spoilt_memory_is_replaced(file, memory, read, after, spoil):
    after(LATER)
    memory.parent.mkdir()
    memory.write_text(spoil(file), errors="surrogateescape")
    assert [digests.of_file(file, memory) for _ in range(2)] == [sha256(BEFORE)] * 2
    assert read == [file]


def test_a_whole_entry_is_trusted(file, memory, read, after):
    """The table above spoils nothing but what it means to spoil."""
    memory.parent.mkdir()
    memory.write_text(entry(file))
    assert digests.of_file(file, memory) == "0" * 64
    assert read == []


def test_without_a_place_to_remember_files_are_read(file, tmp_path, after):
    after(LATER)
    (tmp_path / "no-folder").write_text("")
    assert digests.of_file(file, tmp_path / "no-folder" / "digests.json") == sha256(BEFORE)


def test_files_that_are_gone_are_forgotten(file, tmp_path, memory, after):
    after(LATER)
    other = tmp_path / "other"
    other.write_bytes(AFTER)
    digests.of_file(other, memory)
    other.unlink()
    digests.of_file(file, memory)
    assert list(json.loads(memory.read_text())) == [f"sha256:{file}"]


def test_a_large_file_that_must_be_read_is_announced_once(file, memory, after, capsys, monkeypatch):
    monkeypatch.setattr(digests, "LARGE", len(BEFORE))
    after(LATER)
    digests.of_file(file, memory)
    assert capsys.readouterr().err.splitlines() == [f"Reading {file} (0.0 GB), new or changed, for its digest"]
    digests.of_file(file, memory)
    assert capsys.readouterr().err == ""


def test_a_file_that_cannot_be_read_is_an_error(tmp_path, memory):
    with pytest.raises(FileNotFoundError):
        digests.of_file(tmp_path / "absent", memory)
