"""What the digest of a user's file adds to Snakemake's start: a dry run when the file is new, and the next one.

python benchmarks/bench_digests.py [--megabytes 20 1000 10000] [--folder DISK]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attribution.files import digests

ROOT = Path(__file__).parents[1]
BLOCK = os.urandom(1 << 20)


def written(path: Path, megabytes: float) -> None:
    """A file of that size, on the disk and not in memory, old enough for its digest to be remembered."""
    with open(path, "wb") as file:
        for start in range(0, round(megabytes * 1e6), len(BLOCK)):
            file.write(BLOCK[: round(megabytes * 1e6) - start])
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    time.sleep(digests.SETTLED)


def dry_run(folder: Path) -> float:
    """Seconds of a dry run that would prepare the file `data.npz`; it is not read as data."""
    (folder / "mine.yaml").write_text("datasets: {mine: {loader: npz, path: data.npz}}\n")
    command = [str(Path(sys.executable).with_name("snakemake")), "--snakefile", str(ROOT / "Snakefile"), "-n"]
    command += ["--quiet", "all", "--workflow-profile", "none", "--directory", str(folder)]
    command += ["--configfile", str(folder / "mine.yaml"), "--", "results/mine/data.h5"]
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, nargs="+", default=[20, 1000])
    parser.add_argument("--folder", help="where the files are written, and removed")
    options = parser.parse_args()
    for megabytes in [0.01, *options.megabytes]:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            written(Path(name, "data.npz"), megabytes)
            new, again = dry_run(Path(name)), dry_run(Path(name))
        print(f"{megabytes:8g} MB: {new:6.2f} s when the file is new, {again:5.2f} s after that")
