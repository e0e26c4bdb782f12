"""CIFAR-10: the archive's reader on real and on spoilt archives, and the download from a server that breaks."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import prepare_cifar10
from archives import NAMES, records, write_archive
from attribution.data import cifar10, download
from attribution.files import hdf5
from attribution.settings import datasets
from helpers import ROOT, script_environment

pytestmark = pytest.mark.slow

SHARED = next((folder for folder in (ROOT / "shared/data", ROOT.parent / "shared/data") if folder.exists()), ROOT)
MEANS = [0.49140, 0.48216, 0.44653]  # of the training set, by channel, published to five digits


@pytest.fixture(scope="module")
def real():
    """The real archive, rebuilt once for all tests."""
    if not (SHARED / "get_cifar10.py").exists():
        pytest.skip("shared/data/get_cifar10.py is not there, so the real CIFAR-10 was not tested")
    folder = ROOT / "results/downloads/rebuilt"
    archive = folder / "cifar-10-binary.tar.gz"
    if not archive.exists():
        made = subprocess.run([sys.executable, SHARED / "get_cifar10.py", folder], capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"get_cifar10.py could not rebuild CIFAR-10: {made.stderr.strip().splitlines()[-1]}")
    return archive


@pytest.fixture(scope="module")
def batches():
    return {name: records(i) for i, name in enumerate(NAMES)}


def test_the_real_archive_has_the_published_means_and_members(real):
    data = cifar10.read_archive(real)
    assert data["x_train"].shape == (50_000, 32, 32, 3) and data["x_test"].shape == (10_000, 32, 32, 3)
    assert data["x_train"].dtype == np.uint8 and data["y_train"].dtype == np.int64
    means = data["x_train"].reshape(-1, 3).mean(axis=0) / 255
    np.testing.assert_allclose(means, MEANS, atol=5e-6)
    np.testing.assert_array_equal(np.bincount(data["y_train"]), [5000] * 10)
    np.testing.assert_array_equal(np.bincount(data["y_test"]), [1000] * 10)
    digests = json.loads((SHARED / "cifar10_members.json").read_text())
    x, y = np.concatenate([data["x_train"], data["x_test"]]), np.concatenate([data["y_train"], data["y_test"]])
    for i, name in enumerate(NAMES):  # back to the records on disk
        rows = slice(i * cifar10.BATCH, (i + 1) * cifar10.BATCH)
        pixels = x[rows].transpose(0, 3, 1, 2).reshape(cifar10.BATCH, -1)
        found = np.concatenate([y[rows, None].astype(np.uint8), pixels], axis=1).tobytes()
        assert hashlib.sha256(found).hexdigest() == digests[Path(name).name]


def test_real_near_duplicates_are_close_once_injected(real, tmp_path):
    """The pairs come from human judgement of image pairs: in pixels they must be far closer than random pairs."""
    settings = datasets.complete(
        {"loader": "cifar10", "archive": str(real), "digest": f"sha256:{download.file_digest(real, 'sha256')}"}
    )
    path = tmp_path / "data.h5"
    pairs = SHARED / "cifar10_near_duplicates.csv"
    prepare_cifar10.prepare_cifar10(str(real), pairs, settings, datasets.CIFAR10_CLASSES, path, {})
    x, index, found = hdf5.read(path, "x_train", "index_train", "injected_pairs")
    rows = pairs.read_text().splitlines()[1:]
    assert len(found) == len(rows) and len(x) == 50_000 + len({row.split(",")[0] for row in rows})
    named = {tuple(int(cell) for cell in row.split(",")[:2]) for row in rows}
    assert {(index[a] - 50_000, index[b]) for a, b in found} == named
    x = x.reshape(len(x), -1).astype(np.float32)
    distance = np.linalg.norm(x[found[:, 0]] - x[found[:, 1]], axis=1)
    random = np.linalg.norm(x[found[:, 0]] - x[np.roll(found[:, 1], 1)], axis=1)
    assert np.median(distance) < np.median(random) / 2


def test_layout_channels_first_to_last(tmp_path, batches):
    extra = {cifar10.FOLDER: _folder(), f"{cifar10.FOLDER}/readme.html": b"<html>", **batches}
    data = cifar10.read_archive(write_archive(tmp_path / "a.tar.gz", extra))
    row, column, channel = np.indices((32, 32, 3))
    for image, i in ((data["x_train"][0], 0), (data["x_train"][-1], 4), (data["x_test"][123], 5)):
        np.testing.assert_array_equal(image, channel * 80 + row + column + i)
    np.testing.assert_array_equal(data["y_train"], np.arange(50_000) % 10)


def _folder():
    info = tarfile.TarInfo(cifar10.FOLDER)
    info.type = tarfile.DIRTYPE
    return info


def _link(name):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


def refused(path, sentence):
    with pytest.raises(ValueError) as error:
        cifar10.read_archive(path)
    assert sentence in str(error.value)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_foreign_archives_are_refused(tmp_path, batches):
    first, path = NAMES[0], tmp_path / "a.tar.gz"
    few = {first: batches[first]}
    for members, sentence in (
        ({f"{cifar10.FOLDER}/../../evil": b"x"}, "holds 'cifar-10-batches-bin/../../evil', and"),
        ({"/etc/evil": b"x"}, "evil', and the CIFAR-10 archive has only plain files"),
        ({"cifar-100-binary/train.bin": b"x"}, "holds 'cifar-100-binary/train.bin', and"),
        ({first: _link(first)}, f"holds '{first}', and the CIFAR-10 archive has only plain files"),
        ({first: batches[first][:-1]}, f"holds '{first}' with 30729999 bytes, expected once and 30730000"),
        ({f"{cifar10.FOLDER}/big": bytes(30_730_001)}, "big' with 30730001 bytes"),
        (few, f"has no {NAMES[1]}, so it is not the binary archive"),
        (batches | {first: b"\x0a" + batches[first][1:]}, "holds label 10; CIFAR-10 has labels 0 to 9"),
    ):
        refused(write_archive(path, members), sentence)
    refused(write_archive(path, few, ""), "is no gzip-compressed tar file but a tar archive")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tar.gz"]


def test_damaged_archives_are_refused(tmp_path, batches):
    path = write_archive(tmp_path / "a.tar.gz", batches)
    whole = path.read_bytes()
    middle = len(whole) // 2
    for content in (whole[:middle], whole[:-8], whole[:middle] + bytes(64) + whole[middle + 64 :]):
        path.write_bytes(content)
        refused(path, "is damaged or cut off (")
    for content, kind in (
        (b"", "an empty file"),
        (b"<html>not found</html>", "a web page"),
        (b"PK\3\4", "a zip archive"),
    ):
        path.write_bytes(content)
        refused(path, f"is no gzip-compressed tar file but {kind}")
    refused(tmp_path / "none.tar.gz", "does not exist; correct the path")


def test_another_digest_is_refused_and_an_existing_result_stays(tmp_path, batches):
    path, out = write_archive(tmp_path / "a.tar.gz", batches), tmp_path / "data.h5"
    out.write_bytes(b"before")
    settings = datasets.complete({"loader": "cifar10", "archive": str(path), "digest": "md5:" + "0" * 32})
    with pytest.raises(ValueError, match=r"has md5 [0-9a-f]{32}, expected 0{32}: it is damaged, incomplete or another"):
        prepare_cifar10.prepare_cifar10(str(path), None, settings, datasets.CIFAR10_CLASSES, out, {})
    assert out.read_bytes() == b"before"


# the download

CONTENT = np.random.default_rng(0).bytes(9 * download.CHUNK + 12_345)
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Server:
    """A file on 127.0.0.1. `cut` bytes a connection and no more, `pause` seconds a MiB, `ranges` known or not."""

    def __init__(self, content=CONTENT, cut=None, pause=0.0, ranges=True, status=200):
        self.requests = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked = self.headers.get("Range")
                server.requests.append(asked)
                if status != 200:
                    return self.send_error(status)
                start = int(asked[6:-1]) if asked and ranges else 0
                if start >= len(content):
                    return self.send_error(416)
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(content) - start))
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.end_headers()
                end = len(content) if cut is None else min(len(content), start + cut)
                try:
                    for at in range(start, end, download.CHUNK):
                        self.wfile.write(content[at : min(at + download.CHUNK, end)])
                        time.sleep(pause)
                except OSError:
                    pass  # the client was killed

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}/file.tar.gz"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def place(tmp_path):
    return tmp_path / "downloads/file.tar.gz"


def part_of(path):
    return path.with_name(f".{path.name}.part")


def test_a_download_arrives_whole(place):
    with Server() as server:
        download.fetch(server.address, place, DIGEST)
    assert place.read_bytes() == CONTENT
    assert server.requests == [None] and list(place.parent.iterdir()) == [place]


def test_a_broken_connection_is_gone_on_with(place):
    with Server(cut=2 * download.CHUNK + 7) as server:
        download.fetch(server.address, place, DIGEST, wait=0.0)
    assert place.read_bytes() == CONTENT
    assert server.requests[:3] == [None, f"bytes={2 * download.CHUNK + 7}-", f"bytes={4 * download.CHUNK + 14}-"]


def test_a_killed_download_is_gone_on_with(place):
    """SIGKILL in the middle; the second process asks only for the rest."""
    call = "import sys; from attribution.data import download; download.fetch(*sys.argv[1:])"
    with Server(pause=0.15) as server:
        command = [sys.executable, "-c", call, server.address, str(place), DIGEST]
        environment = script_environment()
        going = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        while going.poll() is None and (not part_of(place).exists() or part_of(place).stat().st_size < download.CHUNK):
            time.sleep(0.01)
        going.send_signal(signal.SIGKILL)
        assert going.wait() == -signal.SIGKILL
        arrived = part_of(place).stat().st_size
        assert download.CHUNK <= arrived < len(CONTENT) and not place.exists()
        assert CONTENT.startswith(part_of(place).read_bytes())
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
        assert server.requests == [None, f"bytes={arrived}-"]
    assert place.read_bytes() == CONTENT and not part_of(place).exists()


def test_a_server_without_ranges_starts_over(place):
    place.parent.mkdir()
    part_of(place).write_bytes(CONTENT[:1000])
    with Server(ranges=False) as server:
        download.fetch(server.address, place, DIGEST)
    assert place.read_bytes() == CONTENT and len(server.requests) == 1


def test_a_kill_just_before_the_rename_needs_no_byte_more(place):
    place.parent.mkdir()
    part_of(place).write_bytes(CONTENT)
    with Server() as server:
        download.fetch(server.address, place, DIGEST)
    assert place.read_bytes() == CONTENT and server.requests == [f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize("part", [b"", b"the start of another file", CONTENT + b"more"])
def test_wrong_content_is_refused_removed_and_the_next_run_is_right(place, part):
    place.parent.mkdir()
    part_of(place).write_bytes(part)
    with Server(content=CONTENT if part else CONTENT[:-5]) as server:
        with pytest.raises(
            ValueError, match=r"expected .*: they are damaged or another file and were removed"
        ) as error:
            download.fetch(server.address, place, DIGEST)
    assert "\n" not in str(error.value) and server.address in str(error.value)
    assert list(place.parent.iterdir()) == []
    with Server() as server:
        download.fetch(server.address, place, DIGEST)
    assert place.read_bytes() == CONTENT


def test_a_server_that_refuses_or_is_away_is_named(place):
    with Server(status=404) as server:
        with pytest.raises(ConnectionError, match="could not be downloaded: the server answers 404") as error:
            download.fetch(server.address, place, DIGEST)
        assert len(server.requests) == 1 and "\n" not in str(error.value)
    with Server(status=503) as server:
        with pytest.raises(ConnectionError, match="503"):
            download.fetch(server.address, place, DIGEST, wait=0.0)
        assert len(server.requests) == download.ATTEMPTS
    with Server(cut=0) as server:
        place.parent.mkdir(exist_ok=True)
        part_of(place).write_bytes(CONTENT[:1000])
        with pytest.raises(ConnectionError, match="1000 bytes arrived and are kept; run again to go on"):
            download.fetch(server.address, place, DIGEST, wait=0.0)
    assert part_of(place).read_bytes() == CONTENT[:1000]
    with pytest.raises(ConnectionError, match="refused"):
        download.fetch(server.address, place, DIGEST, wait=0.0)


def test_the_workflow_goes_on_with_a_killed_download(tmp_path, batches):
    """Snakemake and its job are killed in the download; the next run asks for the rest and makes data.h5."""
    made = write_archive(tmp_path / "made.tar.gz", batches)
    digest, content = "sha256:" + download.file_digest(made, "sha256"), made.read_bytes()
    kept = Path(f"results/downloads/{digest.replace(':', '-')}/file.tar.gz")
    half = len(content) // 2
    with Server(content=content, cut=half) as broken, Server(content=content) as server:
        for address in (broken.address, server.address):
            dataset = {"loader": "cifar10", "archive": address, "digest": digest, "points": 500, "test_points": 100}
            (tmp_path / "mine.yaml").write_text(json.dumps({"datasets": {"mine": dataset}}))
            command = [
                Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", "--configfile", "mine.yaml",
                "--cores", "1", "--", "results/mine/data.h5",
            ]  # fmt: skip
            if address == broken.address:
                going = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL)
                # once the connection has broken, the job waits a second before the next
                part = tmp_path / part_of(kept)
                while going.poll() is None and not (part.exists() and part.stat().st_size):
                    time.sleep(0.02)
                os.killpg(going.pid, signal.SIGKILL)
                assert going.wait() == -signal.SIGKILL
                arrived = part.stat().st_size
                subprocess.run([*command[:-2], "--unlock"], cwd=tmp_path, check=True, capture_output=True)
            else:
                done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
                assert done.returncode == 0, done.stdout + done.stderr
    assert 0 < arrived <= half
    assert server.requests == [f"bytes={arrived}-"]
    assert (tmp_path / kept).read_bytes() == content
    x, y, index = hdf5.read(tmp_path / "results/mine/data.h5", "x_train", "y_train", "index_train")
    assert x.shape == (500, 32, 32, 3)
    np.testing.assert_array_equal(y, index % 10)
    np.testing.assert_array_equal(x[:, 0, 0, 0], index // cifar10.BATCH)
