"""A user's file that cannot be read: each reason has its own sentence, and only a damaged one is called damaged."""

import errno
import io
import os
import subprocess
import sys
import zipfile
from contextlib import contextmanager

import h5py
import numpy as np
import pytest

from attribution.data import arrays, download, variants
from attribution.files import hdf5, hdf5_errors, unreadable
from attribution.files import kinds as file_kinds
from attribution.networks import keras_files
from own_arrays import good, write

OTHER_USER = 65534


def refused(path, loader, *parts, damaged=False):
    """The one sentence that reading ends with."""
    with pytest.raises(ValueError) as error:
        arrays.read(path, loader)
    said = str(error.value)
    assert said.startswith(str(path)) and "\n" not in said
    for part in parts:
        assert part in said
    assert damaged == ("damaged" in said or "cut off" in said)
    return said


@contextmanager
def held(path, mode="r+", **how):
    """Another process has the file open for writing, and holds HDF5's lock, while the block runs."""
    code = "import sys, h5py; f = h5py.File(sys.argv[1], sys.argv[2]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:  # fmt: skip
        assert process.stdout.readline() == b"\n"
        yield
        process.stdin.close()


def test_a_file_that_is_open_for_writing_elsewhere_is_not_damaged(tmp_path, monkeypatch):
    path = write(tmp_path, "h5", good())
    before = path.read_bytes()
    with held(path):
        refused(path, "h5", "open for writing in another program", "close it there", "nothing is wrong with the file")
        with pytest.raises(ValueError, match="open for writing in another program"):
            hdf5.read(path, "x_train")
        # who switches locks off, as HDF5 allows, reads
        monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "FALSE")
        code = "import sys; from attribution.data import arrays; print(len(arrays.read(sys.argv[1], 'h5')['x_train']))"
        scripts = os.path.dirname(os.path.dirname(os.path.dirname(arrays.__file__)))
        found = subprocess.run([sys.executable, "-c", code, path], cwd=scripts, capture_output=True, text=True)
        assert found.stdout == "30\n", found.stderr
    assert path.read_bytes() == before and len(arrays.read(path, "h5")["x_train"]) == 30


def test_where_there_are_no_locks_a_file_is_read_without(tmp_path, monkeypatch):
    path, opened = write(tmp_path, "h5", good()), h5py.File
    asked = []

    # no such file system here: what its lock call gives is put in where the file is opened
    def without_locks(name, mode, locking=None):
        asked.append(locking)
        if locking is not False:
            raise OSError(errno.ENOLCK, "unable to lock file, errno = 37, error message = 'No locks available'")
        return opened(name, mode, locking=locking)

    monkeypatch.setattr(hdf5_errors.h5py, "File", without_locks)
    np.testing.assert_array_equal(arrays.read(path, "h5")["x_train"], good()["x_train"])
    assert asked == [None, False]


def test_a_file_that_its_writer_never_closed(tmp_path):
    path = tmp_path / "data.h5"
    code = (
        "import os, sys, h5py; f = h5py.File(sys.argv[1], 'w', libver='latest'); f['x_train'] = range(9); f.flush(); "
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)
    refused(path, "h5", "was never closed by the program that wrote it", "h5clear -s")


@pytest.mark.parametrize("loader", ["npz", "h5"])
def test_without_permission(tmp_path, loader):
    path = write(tmp_path, loader, good())
    for closed in (path, tmp_path):
        mode = closed.stat().st_mode
        closed.chmod(0)
        if os.geteuid() == 0:  # whom no mode keeps out
            os.seteuid(OTHER_USER)
            try:
                refused(path, loader, "may not be read by this user: no permission for the")
            finally:
                os.seteuid(0)
        else:
            refused(path, loader, "may not be read by this user: no permission for the")
        closed.chmod(mode)


@pytest.mark.parametrize("loader", ["npz", "h5"])
def test_a_path_that_leads_nowhere(tmp_path, loader):
    refused(tmp_path / "none", loader, "none does not exist; correct the path")
    refused(tmp_path / "disk" / "a" / "none", loader, f"nor does the folder {tmp_path}/disk; mount its disk")
    (tmp_path / "link").symlink_to("/disk-that-is-not/data")
    refused(tmp_path / "link", loader, "is a link to '/disk-that-is-not/data', which leads nowhere")
    (tmp_path / "folder").symlink_to(tmp_path / "gone")
    refused(tmp_path / "folder" / "data", loader, f"{tmp_path}/folder is a link to '{tmp_path}/gone'")
    (tmp_path / "round").symlink_to("round")
    refused(tmp_path / "round", loader, "is a link to 'round'")
    refused(tmp_path, loader, "is a folder")


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN])
def test_a_disk_that_does_not_answer(code):
    said = unreadable.sentence("mine.npz", OSError(code, os.strerror(code)))
    assert said.startswith("mine.npz cannot be reached, its disk or share does not answer") and "damaged" not in said
    # no file here gives such an error when it is opened; HDF5 passes the number on
    with pytest.raises(ValueError, match="does not answer"), unreadable.explained("mine.h5"):
        raise OSError(code, "Unable to synchronously open file (file read failed)")


OTHERS = [
    (b"a,b\n1,2\n", "a text file, perhaps CSV"),
    ("größe,n\n1,2\n".encode("utf-16"), "a text file in UTF-16"),
    (b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + bytes(200), "a MATLAB file (version 5)"),
    (b"\x80\x04\x95" + bytes(20), "a Python pickle"),
    (b"\x1f\x8b\x08" + bytes(20), "a gzip file"),
    (bytes(9000), "starts with zeros only"),
    (bytes(range(256)), "its start is damaged"),
]


@pytest.mark.parametrize("loader", ["npz", "h5"])
@pytest.mark.parametrize(("content", "kind"), OTHERS)
def test_a_file_of_another_kind(tmp_path, loader, content, kind):
    path = tmp_path / f"data.{loader}"
    path.write_bytes(content)
    refused(path, loader, kind, "change loader", damaged="damaged" in kind)


@pytest.mark.parametrize("loader", ["npz", "h5"])
def test_a_file_that_was_never_fetched(tmp_path, loader):
    path = tmp_path / f"data.{loader}"
    for content, kind in (
        (b"", "is an empty file (0 bytes)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "is a Git LFS pointer"),
        (b"<!DOCTYPE html>\n<html>404", "is a web page"),
    ):
        path.write_bytes(content)
        refused(path, loader, kind, "copy or fetch the file again")


def test_the_other_loader_is_named(tmp_path):
    refused(write(tmp_path, "h5", good()), "npz", "is no npz file but an HDF5 file; set loader: h5")
    refused(write(tmp_path, "npz", good()), "h5", "is no HDF5 file but a zip archive")
    refused(write(tmp_path, "npz", {}), "npz", "has no array x_train, y_train, x_test, y_test", "found nothing")


def test_a_text_that_ends_in_the_middle_of_a_character_is_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a" + "ä".encode() * file_kinds.LOOK)
    assert file_kinds.of(path) == file_kinds.TEXT


def with_links(folder, **links):
    path = folder / "links.h5"
    with h5py.File(path, "w") as file:
        for name, array in good().items():
            file[name] = array
        for name, link in links.items():
            del file[name]
            file[name] = link
    return path


def test_links_that_lead_nowhere_or_somewhere(tmp_path):
    external = h5py.ExternalLink("part.h5", "/x")
    path = with_links(tmp_path, x_train=external)
    refused(path, "h5", "x_train is a link to /x in the file 'part.h5': there is no such file", str(tmp_path))
    (tmp_path / "part.h5").write_text("not HDF5")
    refused(path, "h5", "x_train is a link to /x in the file 'part.h5'", "part.h5 is no HDF5 file but a text file")
    with h5py.File(tmp_path / "part.h5", "w") as file:
        file["other"] = 1
    refused(path, "h5", "x_train is a link to /x in the file 'part.h5'", "part.h5 has no /x")
    with h5py.File(tmp_path / "part.h5", "a") as file:
        file["x"] = good()["x_train"]
    np.testing.assert_array_equal(arrays.read(path, "h5")["x_train"], good()["x_train"])
    with held(tmp_path / "part.h5"):
        refused(path, "h5", "x_train is a link to /x", "open for writing in another program")
    refused(with_links(tmp_path, y_test=h5py.SoftLink("/labels")), "h5", "y_test is a link to /labels in the same file")
    path = with_links(tmp_path, y_test=h5py.SoftLink("/y_train"))
    np.testing.assert_array_equal(arrays.read(path, "h5")["y_test"], good()["y_train"])


def virtual(folder, rows=30):
    x = good()["x_train"]
    layout = h5py.VirtualLayout(x.shape, x.dtype)
    layout[:rows] = h5py.VirtualSource("part.h5", "x", shape=(rows, *x.shape[1:]))
    path = write(folder, "h5", good())
    with h5py.File(path, "a") as file:
        del file["x_train"]
        file.create_virtual_dataset("x_train", layout, fillvalue=0)
    return path


def test_a_virtual_array_without_its_source_is_not_read_as_zeros(tmp_path):
    path = virtual(tmp_path)
    refused(path, "h5", "x_train is a virtual array, and lacks x in the file 'part.h5': there is no such file")
    with h5py.File(tmp_path / "part.h5", "w") as file:
        file["y"] = 1
    refused(path, "h5", "x_train is a virtual array", "part.h5 has no x")
    with h5py.File(tmp_path / "part.h5", "w") as file:
        file["x"] = good()["x_train"]
    np.testing.assert_array_equal(arrays.read(path, "h5")["x_train"], good()["x_train"])
    refused(virtual(tmp_path, 20), "h5", "only 240 of 360 values come from a source")


def test_values_in_another_file(tmp_path):
    path = write(tmp_path, "h5", good())
    with h5py.File(path, "a") as file:
        del file["y_test"]
        file.create_dataset("y_test", (9,), "i8", external=[("gone.raw", 0, 72)])
    refused(path, "h5", "y_test has its values in another file, gone.raw, which cannot be opened")


def test_an_array_that_was_never_written_is_not_read_as_zeros(tmp_path):
    path = write(tmp_path, "h5", good())
    with h5py.File(path, "a") as file:
        del file["x_test"]
        file.create_dataset("x_test", (9, 4, 3), "f4")
    refused(path, "h5", "x_test was created and never written")
    with h5py.File(path, "a") as file:
        del file["x_test"]
        file["x_test"] = h5py.Empty("f4")
    refused(path, "h5", "x_test holds no values")


def test_missing_chunks_are_said(tmp_path, capsys):
    path = write(tmp_path, "h5", good())
    with h5py.File(path, "a") as file:
        del file["x_test"]
        file.create_dataset("x_test", (9, 4, 3), "f4", chunks=(3, 4, 3))[:3] = 1
    arrays.read(path, "h5")
    assert "x_test has 1 of 3 chunks, the others are 0.0" in capsys.readouterr().out


def filtered(path, code):
    """x_train is stored in chunks through a filter of that number, which no plugin here knows."""
    x = good()["x_train"]
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(x.shape)
    plist.set_filter(code, h5py.h5z.FLAG_OPTIONAL, ())
    with h5py.File(path, "a") as file:
        del file["x_train"]
        made = h5py.h5d.create(file.id, b"x_train", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(x.shape), plist)
        made.write_direct_chunk((0, 0, 0), x.tobytes())
    return path


@pytest.mark.parametrize(("code", "name"), [(32001, "Blosc"), (32015, "Zstandard"), (31999, "unknown")])
def test_a_filter_that_is_not_installed(tmp_path, monkeypatch, code, name):
    monkeypatch.delenv("HDF5_PLUGIN_PATH", raising=False)
    path = filtered(write(tmp_path, "h5", good()), code)
    refused(path, "h5", f"x_train is compressed by HDF5 filter {code} ({name}), which is not installed here")


def test_a_chunk_that_is_damaged(tmp_path):
    path = write(tmp_path, "h5", good())
    with h5py.File(path, "a") as file:
        del file["x_train"]
        made = file.create_dataset("x_train", data=good()["x_train"], chunks=(30, 4, 3), fletcher32=True)
        place = made.id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    refused(path, "h5", "x_train is damaged (", "copy or write it again", damaged=True)
    # in a result, the rule writes it again
    with pytest.raises(ValueError, match=r"is damaged .* delete it and run its rule again"):
        hdf5.read(path, "x_train")


def test_a_newer_format(tmp_path):
    path = write(tmp_path, "h5", good())
    content = bytearray(path.read_bytes())
    content[8] = 9  # the superblock's version
    path.write_bytes(content)
    refused(path, "h5", "is of a newer HDF5 format than HDF5", "update h5py")


def member(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def zipped(path, x_train, **how):
    """An npz file whose x_train.npy has these bytes."""
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, array in good().items():
            archive.writestr(f"{name}.npy", x_train if name == "x_train" else member(array))
    return path


def headers(path, place, value):
    """Set a field of x_train's local and central header, at its offset behind their signatures."""
    content = bytearray(path.read_bytes())
    for signature, shift in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        start = content.find(signature) + place + shift
        content[start : start + 2] = value.to_bytes(2, "little")
    path.write_bytes(content)
    return path


def test_npz_members_that_cannot_be_read(tmp_path):
    path, x = tmp_path / "data.npz", member(good()["x_train"])
    assert len(arrays.read(zipped(path, x, compression=zipfile.ZIP_LZMA), "npz")) == 4
    refused(headers(zipped(path, x), 8, 9), "npz", "x_train is compressed by zip method 9 (Deflate64)")
    refused(headers(zipped(path, x), 8, 200), "npz", "x_train is compressed by zip method 200 (unknown)")
    refused(headers(zipped(path, x), 6, 1), "npz", "x_train is encrypted")
    refused(headers(zipped(path, x), 4, 99), "npz", "needs what Python's zip reader lacks")
    refused(zipped(path, x[:6] + b"\x09" + x[7:]), "npz", "x_train has version (9, 0) of the npy format, newer than")
    refused(zipped(path, b"1,2,3"), "npz", "x_train is no NumPy array but another file")
    refused(zipped(path, x[:-9]), "npz", "x_train is damaged (EOF", damaged=True)
    refused(zipped(path, x[:20] + b"@@@@" + x[24:]), "npz", "x_train is damaged (Cannot parse header", damaged=True)
    refused(zipped(path, member(np.array([{}] * 30))), "npz", "x_train holds Python objects or texts")


def test_pairs_that_are_no_csv(tmp_path):
    path = tmp_path / "pairs.csv"

    def no_pairs(part):
        with pytest.raises(ValueError) as error:
            variants.read_pairs(path)
        assert part in str(error.value) and str(error.value).startswith(str(path))

    no_pairs("does not exist")
    path.write_bytes(b"")
    no_pairs("is an empty file")
    path.write_bytes("test_index,train_index\n1,2\n".encode("utf-16"))
    no_pairs("is no CSV file but a text file in UTF-16; save it as CSV in UTF-8")
    path.write_bytes(b"test_index,train_index,Gr\xf6\xdfe\n1,2,3\n")
    no_pairs("is no CSV file but not text in UTF-8")
    path.write_bytes(b"PK\3\4\x14\x00\xff\xfe")
    no_pairs("is no CSV file but a zip archive")
    path.write_text("test_index;train_index\n1;2\n")
    no_pairs("has no column test_index; inject needs test_index and train_index, found test_index;train_index")
    path.write_text("test_index,train_index\n1,2\n")
    assert variants.read_pairs(path).tolist() == [[1, 2]]


def test_an_archive_that_is_not_there_is_not_damaged(tmp_path):
    for path in (tmp_path / "none.tar.gz", tmp_path):
        with pytest.raises(ValueError, match=r"does not exist|is a folder"):
            download.verify(path, "md5:" + "0" * 32)


def test_files_of_networks(tmp_path):
    path = tmp_path / "mine.keras"
    path.symlink_to("/disk-that-is-not/mine.keras")
    with pytest.raises(ValueError, match=r"is a link to .*; set models\.NAME\.path to a \.keras file"):
        keras_files.require(path, "a .keras file")
    path.unlink()

    def archive(**members):
        with zipfile.ZipFile(path, "w") as file:
            for name, text in members.items():
                file.writestr(name.replace("_json", ".json"), text)
        return path

    archive(config_json="{}", metadata_json='{"keras_version": "3.99.0"}')
    assert "was saved by Keras 3.99.0, newer than 3.5.1" in keras_files.reason(path, "3.5.1")
    assert keras_files.reason(path, "3.99.1") is None
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    assert "is damaged or cut off" in keras_files.reason(path, "3.5.1")
    place = whole.find(b"{}")
    path.write_bytes(whole[:place] + b"[" + whole[place + 1 :])
    assert "is damaged (checksum of config.json)" in keras_files.reason(path, "3.5.1")
    assert "zip archive without metadata.json" in keras_files.reason(archive(other="1"), "3.5.1")
    with h5py.File(path, "w") as file:
        file["a"] = 1
    assert "rename it to .h5" in keras_files.reason(path, "3.5.1")
    with held(path):
        assert "open for writing in another program" in keras_files.reason(path, "3.5.1")
