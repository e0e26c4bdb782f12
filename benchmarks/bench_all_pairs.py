"""Influence of all training points on all test points, timed against one matrix product of the same flops.

python benchmarks/bench_all_pairs.py [--input problem.npz] [--output results/benchmarks/all_pairs.csv] [--repeats 9]
"""

import argparse
import os
import sys
import tracemalloc
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


def peak_megabytes(call) -> float:
    """Most memory that NumPy held during the call beyond what it held before (BLAS's own buffers not counted)."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def measure(problem: last_layer_problem.Problem, repeats: int) -> pd.DataFrame:
    """One row a quantity and dtype: seconds (best, median), flops, multiple of the matrix product, memory, error."""
    x, t, w = problem.features, problem.test_features, problem.weights
    n, m, d, k = len(x), len(t), x.shape[1], w.size
    logits, damping = x @ w, problem.decay
    r, r_test = residuals.residuals(logits, problem.labels), residuals.residuals(t @ w, problem.test_labels)
    expected = last_layer_problem.plain_influence(problem)

    def factor():
        return hessian.factor(hessian.hessian_sum(x, logits) / n, damping)

    solve = partial(solvers.exact, factor())
    targets = influence.gradients(t, r_test).T
    calls = {"Hessian and Cholesky float64": factor, "solve float64": lambda: solve(targets)}
    flops = {"Hessian and Cholesky float64": n * k * (k + 2 * d) + k**3 / 3, "solve float64": 2 * m * k**2}
    error = {}
    rng = np.random.default_rng(0)
    for dtype in (np.float64, np.float32):
        name = dtype.__name__
        a, b, out = rng.random((m, k), dtype), rng.random((k, n), dtype), np.empty((m, n), dtype)
        calls[f"matrix product {name}"] = partial(np.matmul, a, b, out=out)
        calls[f"all pairs {name}"] = partial(influence.all_pairs, t, r_test, x, r, solve, dtype=dtype)
        flops[f"matrix product {name}"] = 2 * m * n * k
        flops[f"all pairs {name}"] = 2 * m * n * k + 2 * m * k**2
        error[f"all pairs {name}"] = last_layer_problem.relative_error(calls[f"all pairs {name}"](), expected)
    taken = last_layer_problem.seconds(calls, repeats)
    rows = []
    for name, values in taken.items():
        product = taken[f"matrix product {name.split()[-1]}"]
        rows.append({
            "quantity": name,
            "best_ms": 1e3 * values.min(),
            "median_ms": 1e3 * np.median(values),
            "gflop": flops[name] / 1e9,
            "multiple_of_product_best": values.min() / product.min(),
            "multiple_of_product_median": np.median(values) / np.median(product),
            "peak_mb": peak_megabytes(calls[name]),
            "relative_error": error.get(name, np.nan),
        })  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--input", type=Path, help="an .npz with Xtr, ytr, Xte, yte, W, b, lam; default: made here")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/all_pairs.csv"))
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    problem = last_layer_problem.load(arguments.input) if arguments.input else last_layer_problem.make()
    table = measure(problem, arguments.repeats)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    shape = f"n = {len(problem.features)}, tests = {len(problem.test_features)}, k = {problem.weights.size}"
    print(f"{arguments.input or 'problem made here'}: {shape}, {os.environ['OMP_NUM_THREADS']} BLAS thread(s)")
    print(table.to_string(index=False, float_format="{:.3g}".format, na_rep=""))
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
