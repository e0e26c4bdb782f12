"""What one step of Algorithm 1 costs against the number of training points, for one group and for ten at once.

python benchmarks/bench_greedy_steps.py [--output results/benchmarks/greedy_steps.csv] [--repeats 5]
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
from attribution.groups import greedy
from attribution.influence import points as influence
from attribution.numerics import hessian, residuals, solvers

SIZES = (1_000, 10_000, 50_000, 100_000)
FEATURES, CLASSES = 64, 10
SHORT, LONG = 5, 25


def measure(n: int, groups: int, repeats: int) -> dict:
    """Seconds of one step from groups of two sizes, so that what a group costs once cancels."""
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(n, FEATURES)), np.ones((n, 1))], axis=1)
    labels = rng.integers(0, CLASSES, n)
    logits = features @ rng.normal(size=(FEATURES + 1, CLASSES)) / 8
    r = residuals.residuals(logits, labels)
    part = slice(0, min(n, 5000))  # the Hessian's accuracy does not matter here, its size does
    lower = hessian.factor(hessian.hessian_sum(features[part], logits[part]) / len(features[part]), 1e-3)
    solve = partial(solvers.exact, lower)
    own, step_norm = influence.self_influence(features, r, solve)
    keys = np.arange(n, dtype=np.uint64)
    k = features.shape[1] * CLASSES
    a, b = features, rng.normal(size=(features.shape[1], CLASSES * groups))
    out = np.empty((n, CLASSES * groups))
    grow = partial(
        greedy.grow, features, r, solve, own, step_norm, [[j] for j in range(groups)],
        rule="theta-relative", direction="max", keys=keys,
    )  # fmt: skip
    calls = {
        "short": partial(grow, size=SHORT),
        "long": partial(grow, size=LONG),
        "product": partial(np.matmul, a, b, out=out),
    }
    taken = {name: np.median(values) for name, values in last_layer_problem.seconds(calls, repeats).items()}
    step = (taken["long"] - taken["short"]) / (LONG - SHORT)
    return {
        "n": n,
        "groups": groups,
        "step_ms": 1e3 * step,
        "us_per_point": 1e6 * step / n,
        "gflop": 2 * groups * k * (n + k) / 1e9,
        "multiple_of_product": step / taken["product"],
        "group_of_25_s": taken["long"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/greedy_steps.csv"))
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    table = pd.DataFrame([measure(n, groups, arguments.repeats) for groups in (1, 10) for n in SIZES])
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    print(f"k = {(FEATURES + 1) * CLASSES}, {os.environ['OMP_NUM_THREADS']} BLAS thread(s)")
    print(table.to_string(index=False, float_format="{:.3g}".format))
    for groups, rows in table.groupby("groups"):
        large = rows[rows.n >= SIZES[1]]
        ends = np.log(large[["n", "step_ms"]].iloc[[0, -1]].to_numpy())
        slope = (ends[1, 1] - ends[0, 1]) / (ends[1, 0] - ends[0, 0])
        print(f"{groups} group(s): a step grows as n^{slope:.2f} from n = {SIZES[1]} to {SIZES[-1]}")
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
