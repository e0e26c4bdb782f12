"""Peak memory of every method of pairs as the training set grows fourfold: jobs of the workflow, on the toy set.

python benchmarks/memory_of_methods.py [--output results/benchmarks/memory-of-methods.csv] [--cores 1]
    [--points 532 2128] [--epochs 20] [--methods trak kfac ...]

Each method runs in a process of its own, as it does in a study; `grown_mb` is what more points take beyond what fewer
take, so that interpreter and libraries cancel. Targets stay as many.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import pandas as pd
import yaml

from attribution.files import atomic, hdf5
from attribution.workflow import registry

ROOT = Path(__file__).parents[1]
MODEL, TARGETS = "mlp-l2", 30


def settings(sizes: list[int], epochs: int) -> dict:
    """Data sets of so many training points, a recipe that is trained for so many epochs, and few subsets to fit on."""

    def discs(n: int) -> list[dict]:
        places = (("left", "red", -2.0, n // 4), ("right", "red", 2.0, n // 4), ("blue", "blue", 0.0, n - 2 * (n // 4)))
        return [
            {"name": name, "class": of, "centre": [x, 0.0], "radius": 1.0, "train": count, "test": 50}
            for name, of, x, count in places
        ]

    return {
        "datasets": {f"toy-{n}": {"extends": "toy", "discs": discs(n)} for n in sizes},
        "models": {MODEL: {"training": {"epochs": epochs}}},
        "truth": {"targets": TARGETS, "shards": [60], "small": {"subsets": 60}, "full": {"subsets": 60},
                  "fitted": {"subsets": 60}},
    }  # fmt: skip


def peaks(folder: Path, sizes: list[int], methods: list[str]) -> pd.DataFrame:
    """method, family, a column of peak megabytes and of seconds a size, and grown_mb from the first to the last."""
    rows = []
    for method in methods:
        facts = [hdf5.attributes(folder / at(n, method)) for n in sizes]
        row = {"method": method, "family": facts[0]["family"]}
        for n, found in zip(sizes, facts, strict=True):
            row |= {f"peak_mb_{n}": found["peak_memory"] / 1e6, f"seconds_{n}": found["seconds"]}
        rows.append(row | {"grown_mb": (facts[-1]["peak_memory"] - facts[0]["peak_memory"]) / 1e6})
    return pd.DataFrame(rows).round(3)


def at(n: int, method: str) -> str:
    """attributions/METHOD.h5 of a size."""
    return f"results/toy-{n}/{MODEL}/seed0/attributions/{method}.h5"


if __name__ == "__main__":
    of_pairs = [name for name in registry.METHODS if "pairs" in registry.given(name)]
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", default="results/benchmarks/memory-of-methods.csv")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--points", type=int, nargs="+", default=[532, 2128])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--methods", nargs="+", default=of_pairs)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mine.yaml").write_text(yaml.safe_dump(settings(given.points, given.epochs)))
        wanted = [at(n, method) for method in given.methods for n in given.points]
        command = [Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", "--directory", folder,
                   "--workflow-profile", ROOT / "profiles/default", "--configfile", folder / "mine.yaml", "--cores",
                   str(given.cores), "--quiet", "all"]  # fmt: skip
        subprocess.run([*command, "--", *wanted], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        table = peaks(folder, given.points, given.methods)
    print(table.to_string(index=False))
    Path(given.output).parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(given.output) as temporary:
        table.to_csv(temporary, index=False)
