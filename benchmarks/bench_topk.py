"""One block of top-k influence, timed against one matrix product of the same flops.

python benchmarks/bench_topk.py [--n 50000] [--features 64] [--targets 1024] [--output results/benchmarks/topk.csv]
"""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

# One BLAS thread, as a Snakemake job of one thread has; set the variable to measure another number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd

import last_layer_problem
from attribution.influence import points as influence
from attribution.influence import topk
from attribution.numerics import hessian, residuals, solvers

CLASSES, SIZE = 10, 25


def full_sort(matrix: np.ndarray, size: int) -> None:
    """What the selection replaces: both ends of each row by NumPy's own partition."""
    np.argpartition(matrix, (size, matrix.shape[1] - size), axis=1)


def measure(n: int, d: int, targets: int, repeats: int) -> pd.DataFrame:
    """One row a dtype: seconds of a block, of its product alone and of its selection alone, and their ratios."""
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(n, d)), np.ones((n, 1))], axis=1).astype(np.float32)
    logits = features @ rng.normal(size=(d + 1, CLASSES)) / np.sqrt(d)
    r = residuals.residuals(logits, rng.integers(0, CLASSES, n))
    k = (d + 1) * CLASSES
    part = slice(0, min(n, 10_000))  # the Hessian's accuracy does not matter here, its size does
    matrix = hessian.hessian_sum(features[part], logits[part]) / len(features[part])
    solve = partial(solvers.exact, hessian.factor(matrix, 1e-3 * np.trace(matrix) / k))
    keys, own = np.arange(n, dtype=np.uint64), np.arange(targets)
    rows = []
    for dtype in (np.float32, np.float64):
        a, b, out = rng.random((targets, k), dtype), rng.random((k, n), dtype), np.empty((targets, n), dtype)
        block = influence.all_pairs(features[:targets], r[:targets], features, r, solve, dtype)
        calls = {
            "product": partial(np.matmul, a, b, out=out),
            "block": partial(
                topk.of_targets, features[:targets], r[:targets], own, features, r, solve, SIZE, keys, dtype
            ),
            "selection": lambda block=block: topk.extremes(block.copy(), own, SIZE, keys),
            "argpartition": lambda block=block: full_sort(block, SIZE),
        }
        taken = last_layer_problem.seconds(calls, repeats)
        ratio = taken["block"] / taken["product"]
        rows.append({
            "dtype": np.dtype(dtype).name,
            "block_s": np.median(taken["block"]),
            "product_s": np.median(taken["product"]),
            "multiple_median": np.median(ratio),
            "multiple_worst": ratio.max(),
            "selection_s": np.median(taken["selection"]),
            "argpartition_s": np.median(taken["argpartition"]),
            "all_points_minutes": np.median(taken["block"]) * n / targets / 60,
        })  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--targets", type=int, default=1024)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/topk.csv"))
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    table = measure(arguments.n, arguments.features, arguments.targets, arguments.repeats)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    k = (arguments.features + 1) * CLASSES
    shape = f"{arguments.targets} targets x {arguments.n} points, k = {k}, {SIZE} at each end"
    print(f"{shape}, {os.environ['OMP_NUM_THREADS']} BLAS thread(s)")
    print(table.to_string(index=False, float_format="{:.3g}".format))
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
