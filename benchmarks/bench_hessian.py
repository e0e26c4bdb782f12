"""The exact last-layer Hessian, its factor and the self-influences, against plain matrix products of the same flops.

python benchmarks/bench_hessian.py [--n 50000] [--features 64] [--output results/benchmarks/hessian.csv] [--repeats 5]
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
from attribution.numerics import hessian, residuals, solvers

CLASSES = 10
# Samples of the dense comparison.
SUBSET = 500
# Points of the self-influence: a part, the cost is the same for each.
POINTS = 4096


def grams(weighted: np.ndarray, features: np.ndarray, out: np.ndarray, pairs: int) -> None:
    """As many D x n by n x D products as there are class pairs, diagonal included."""
    for _ in range(pairs):
        np.matmul(weighted, features, out=out)


def measure(n: int, d: int, repeats: int) -> tuple[pd.DataFrame, float]:
    """One row a quantity, and the largest relative error of the Hessian against a dense one on a subset."""
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(n, d)), np.ones((n, 1))], axis=1)
    weights = rng.normal(size=(d + 1, CLASSES)) / np.sqrt(d)
    logits = features @ weights
    r = residuals.residuals(logits, rng.integers(0, CLASSES, n))
    d, k, pairs = d + 1, weights.size, CLASSES * (CLASSES + 1) // 2
    matrix = hessian.hessian_sum(features, logits) / n
    lower = hessian.factor(matrix, 1e-3)
    part = slice(0, POINTS)
    a, b, out = rng.random((d, n)), rng.random((n, d)), np.empty((d, d))
    square, wide, product = rng.random((k, k)), rng.random((k, POINTS)), np.empty((k, POINTS))
    calls = {
        "Hessian": partial(hessian.hessian_sum, features, logits),
        "factor": partial(hessian.factor, matrix, 1e-3),
        "self-influence": partial(influence.self_influence, features[part], r[part], partial(solvers.exact, lower)),
        "weighted Gram products": partial(grams, a, b, out, pairs),
        "product k x k": partial(np.matmul, square, wide, out=product),
    }
    # what each is compared with, and the flops that both would take without symmetry
    against = {
        "Hessian": ("weighted Gram products", 2 * pairs * n * d**2, 2 * pairs * n * d**2),
        "factor": ("product k x k", k**3 / 3, 2 * k**2 * len(features[part])),
        "self-influence": ("product k x k", 2 * k**2 * len(features[part]), 2 * k**2 * len(features[part])),
    }
    taken = last_layer_problem.seconds(calls, repeats)
    rows = []
    for name, (plain, flops, plain_flops) in against.items():
        ratios = taken[name] / taken[plain] * (plain_flops / flops)
        rows.append({
            "quantity": name,
            "compared_with": plain,
            "gflop": flops / 1e9,
            "median_s": np.median(taken[name]),
            "same_flops_plain_s": np.median(taken[plain]) * flops / plain_flops,
            "multiple_median": np.median(ratios),
            "multiple_worst": ratios.max(),
        })  # fmt: skip
    some = slice(0, SUBSET if d < 100 else 20)
    expected = last_layer_problem.dense_hessian(features[some], weights, 0.0, rows=100)
    found = hessian.hessian_sum(features[some], logits[some]) / len(features[some])
    return pd.DataFrame(rows), float(np.abs(found - expected).max() / np.abs(expected).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/hessian.csv"))
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    table, error = measure(arguments.n, arguments.features, arguments.repeats)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    k = (arguments.features + 1) * CLASSES
    print(f"n = {arguments.n}, k = {k}, {os.environ['OMP_NUM_THREADS']} BLAS thread(s)")
    print(table.to_string(index=False, float_format="{:.3g}".format))
    print(f"largest error of the Hessian on a subset, against a dense computation: {error:.1e} of its largest entry")
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
