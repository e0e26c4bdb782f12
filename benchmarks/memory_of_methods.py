"""Peak memory of every method of pairs as the training set grows fourfold: jobs of the workflow, on the toy set.

python benchmarks/memory_of_methods.py [--output results/benchmarks/memory-of-methods.csv] [--cores 1]
    [--points 1064 4256] [--epochs 20] [--methods trak kfac ...]

Each method runs in a process of its own, as it does in a study; `grown_mb` is what more points take beyond what fewer
take, so that interpreter and libraries cancel. Targets stay as many. Settings of which memory depends have rows of
their own, see VARIANTS.
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
# method, what its row adds to the name, and the settings that differ
VARIANTS = [("trak", ", projection 512", {"trak": {"projection": 512}})]


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
        "models": {MODEL: {"training": {"epochs": epochs}, "below_chance": "warn"}},
        "truth": {"targets": TARGETS, "shards": [60], "small": {"subsets": 60}, "full": {"subsets": 60},
                  "fitted": {"subsets": 60}},
    }  # fmt: skip


def run(folder: Path, given: argparse.Namespace, methods: list[str], more: dict) -> None:
    """Make the attributions of these methods at every size; of those that are there only what the settings change."""
    (folder / "mine.yaml").write_text(yaml.safe_dump(settings(given.points, given.epochs) | more))
    wanted = [at(n, method) for method in methods for n in given.points]
    command = [Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", "--directory", folder,
               "--workflow-profile", ROOT / "profiles/default", "--configfile", folder / "mine.yaml", "--cores",
               str(given.cores), "--quiet", "all"]  # fmt: skip
    subprocess.run([*command, "--", *wanted], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def peaks(folder: Path, sizes: list[int], methods: list[str], ending: str = "") -> list[dict]:
    """Rows of method, family, a column of peak megabytes and of seconds a size, and grown_mb from first to last."""
    rows = []
    for method in methods:
        facts = [hdf5.attributes(folder / at(n, method)) for n in sizes]
        row = {"method": method + ending, "family": facts[0]["family"]}
        for n, found in zip(sizes, facts, strict=True):
            row |= {f"peak_mb_{n}": found["peak_memory"] / 1e6, f"seconds_{n}": found["seconds"]}
        rows.append(row | {"grown_mb": (facts[-1]["peak_memory"] - facts[0]["peak_memory"]) / 1e6})
    return rows


def at(n: int, method: str) -> str:
    """attributions/METHOD.h5 of a size."""
    return f"results/toy-{n}/{MODEL}/seed0/attributions/{method}.h5"


if __name__ == "__main__":
    of_pairs = [name for name in registry.METHODS if "pairs" in registry.given(name)]
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", default="results/benchmarks/memory-of-methods.csv")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--points", type=int, nargs="+", default=[1064, 4256])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--methods", nargs="+", default=of_pairs)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(folder, given, given.methods, {})
        rows = peaks(folder, given.points, given.methods)
        for method, ending, more in [variant for variant in VARIANTS if variant[0] in given.methods]:
            run(folder, given, [method], more)
            rows += peaks(folder, given.points, [method], ending)
    table = pd.DataFrame(rows).round(3).sort_values("method")
    print(table.to_string(index=False))
    Path(given.output).parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(given.output) as temporary:
        table.to_csv(temporary, index=False)
