"""What a file is, by its first bytes, whatever its name says. Standard library only."""

ZIP = "a zip archive"
HDF5 = "an HDF5 file"
TEXT = "a text file, perhaps CSV"
GZIP = "a gzip file"
# First bytes; where one is the start of another, the longer stands first.
SIGNATURES = (
    (b"version https://git-lfs", "a Git LFS pointer, whose data was not fetched (git lfs pull fetches it)"),
    (b"\x89HDF\r\n\x1a\n", HDF5),
    (b"\x93NUMPY", "a single array in NumPy's npy format"),
    (b"PK", ZIP),
    (b"MATLAB 5.0", "a MATLAB file (version 5)"),
    (b"MATLAB 7.3", "a MATLAB file (version 7.3)"),
    (b"CDF", "a NetCDF 3 file"),
    (b"\x0e\x03\x13\x01", "an HDF4 file"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x1f\x8b", GZIP),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF", "a PDF document"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
)
LOOK = 4096  # bytes looked at
USER_BLOCKS = (512, 1024, 2048)  # where an HDF5 file may begin after another program's header


def of(path) -> str | None:
    """The kind in words, None where the bytes tell nothing. OSError when the file cannot be read."""
    with open(path, "rb") as file:
        start = file.read(LOOK)
    if not start:
        return "an empty file (0 bytes)"
    if any(start[place : place + 8] == b"\x89HDF\r\n\x1a\n" for place in USER_BLOCKS):
        return HDF5
    for signature, kind in SIGNATURES:
        if start.startswith(signature):
            return kind
    if start[257:262] == b"ustar":
        return "a tar archive"
    if not start.strip(b"\0"):
        return "a file that starts with zeros only, as an unfinished copy does"
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, as a failed download leaves"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "a text file in UTF-16"
    return TEXT if _is_text(start) else None


def _is_text(start: bytes) -> bool:
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character may be cut in two at the end of what was read
        if len(start) < LOOK or error.start < len(start) - 4:
            return False
    return b"\0" not in start and all(byte >= 32 or byte in b"\t\n\r\f" for byte in start)
