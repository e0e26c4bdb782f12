"""Subsets a minute of the convex truth, the last layer refitted to its optimum, many at once and one at a time.

python benchmarks/bench_refits.py [--n 50000] [--subsets 24] [--alphas 0.5 0.9 0.99] [--output FILE]
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

# One BLAS thread, as a Snakemake job of one thread has; set the variable to measure another number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd

import last_layer_problem
from attribution.retraining import convex, convex_many

FEATURES, CLASSES, DECAY = 64, 10, 1e-3


def measure(n: int, count: int, alphas: list[float]) -> pd.DataFrame:
    """One row a share: subsets a minute both ways, and the longest gradient."""
    x, y = last_layer_problem.draw(n, 0, FEATURES, CLASSES, 0)
    optimum = convex.fit(x, y, np.zeros((x.shape[1], CLASSES)), DECAY / 2)
    rows = []
    for alpha in alphas:
        rng = np.random.default_rng(0)
        masks = np.stack([np.isin(np.arange(n), rng.permutation(n)[: round(alpha * n)]) for _ in range(count)])
        before, start = peak(), time.perf_counter()
        found = convex_many.refits(x, y, optimum, DECAY / 2, masks)
        together = time.perf_counter() - start
        extra = peak() - before
        start = time.perf_counter()
        alone = convex.refits(x, y, optimum, DECAY / 2, masks[:3])
        one = (time.perf_counter() - start) / len(alone)
        slope = convex_many.gradients(x, y, found, masks) / masks.sum(axis=1)[:, None, None] + DECAY * found
        rows.append({
            "n": n,
            "alpha": alpha,
            "subsets": count,
            "a_minute": 60 * count / together,
            "a_minute_one_by_one": 60 / one,
            "longest_gradient": np.linalg.norm(slope, axis=(1, 2)).max(),
            "largest_difference": np.abs(found[: len(alone)] - alone).max(),
            "added_peak_mb": extra / 1e6,
        })  # fmt: skip
    return pd.DataFrame(rows)


def peak() -> int:
    """Largest memory of this process until now, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--subsets", type=int, default=24)
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.5, 0.9, 0.99])
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/refits.csv"))
    arguments = parser.parse_args()
    table = measure(arguments.n, arguments.subsets, arguments.alphas)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    print(f"k = {(FEATURES + 1) * CLASSES}, {os.environ['OMP_NUM_THREADS']} BLAS thread(s)")
    print(table.to_string(index=False, float_format="{:.3g}".format))
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
