"""What spherical k-means on factored gradients costs, as a multiple of its own plain matrix products, and its memory.

python benchmarks/bench_partition.py [--output results/benchmarks/partition.csv] [--points 25000 50000] [--features 513]
    [--classes 10] [--parts 10] [--restarts 20] [--steps 10]

Then what a step of controls with parts of given sizes takes: points are given places, at first and again where values
differ a little; of 1 000 points beside SciPy's square assignment, which the sums are compared with.

Products of one step: (restarts parts C, D) by (D, n) for the scores, one right-hand side of the triangular solves a
centre, and each point's gradient summed once a restart. Processor time: other work on the machine does not count.
"""

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

# One BLAS thread, as a Snakemake job of one thread has; set the variable to measure another number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from attribution.influence.points import unit
from attribution.numerics import solvers
from attribution.partition import kmeans, places, vectors
from attribution.runtime import memory

# (points, parts) of given sizes, and up to how many points the square problem is solved too
SIZED = [(1000, 50), (4000, 100), (50_000, 10)]
SQUARE = 1000


def problem(n: int, d: int, c: int, groups: int) -> tuple:
    """float32 features in groups, residuals, a full Cholesky factor, and self-influence.

    The Hessian is diagonal, a product over features and classes, so that self-influence has a closed form; its factor
    is solved with as any other is.
    """
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(groups, d)).astype(np.float32)
    member = rng.integers(0, groups, n)
    features = rng.standard_normal((n, d), dtype=np.float32)
    features += centres[member]
    r = rng.dirichlet(np.ones(c), n)
    r[np.arange(n), member % c] -= 1
    of_features, of_classes = rng.uniform(0.5, 2, d), rng.uniform(0.5, 2, c)
    lower = np.zeros((d * c, d * c), order="F")
    np.fill_diagonal(lower, np.sqrt(np.outer(of_features, of_classes)).ravel())
    own = np.concatenate([(features[part].astype(float) ** 2) @ (1 / of_features) for part in vectors.chunks(n)])
    return features, r, partial(solvers.exact, lower), own * (r**2 @ (1 / of_classes)), lower


def measure(n: int, d: int, c: int, parts: int, restarts: int, steps: int) -> dict:
    """Seconds of a whole k-means with so many steps at most, and of the products of the steps that it took."""
    features, r, solve, own, lower = problem(n, d, c, 4 * parts)
    found = vectors.factored(features, unit(r, own).astype(np.float32), solve, np.ones(n))
    held = memory.peak()
    memory.forget_peak()
    before, begun, wall = memory.resident(), time.process_time(), time.perf_counter()
    divided = kmeans.partition(found, parts, restarts, steps, 0)
    took, wall = time.process_time() - begun, time.perf_counter() - wall
    more = memory.peak() - before
    # steps of all restarts, and seeding, which is a step's scores with one part at a time
    rounds = divided.steps.sum() / restarts + 1
    one = _products(features, r, solve, restarts, parts)
    return {
        "n": n, "features": d, "classes": c, "parts": parts, "restarts": restarts, "steps": divided.steps.mean(),
        "seconds": wall, "processor_seconds": took, "products_seconds": rounds * one, "ratio": took / (rounds * one),
        "factors_mb": (features.nbytes + r.nbytes / 2 + lower.nbytes) / 1e6, "beyond_factors_mb": more / 1e6,
        "peak_mb": max(held, memory.peak()) / 1e6,
    }  # fmt: skip


def _products(features: np.ndarray, r: np.ndarray, solve, restarts: int, parts: int) -> float:
    """Processor seconds of the plain products of one step: scores of all points, sums of all points, one solve."""
    (n, d), c = features.shape, r.shape[1]
    left = np.ones((restarts * parts * c, d), dtype=np.float32)
    begun = time.process_time()
    for part in vectors.chunks(n):
        left @ features[part].T
    scores = time.process_time() - begun
    right, begun = r.astype(np.float32), time.process_time()
    for part in vectors.chunks(n):
        features[part].T @ right[part]
    sums = (time.process_time() - begun) * restarts
    b, begun = np.ones((d * c, parts)), time.process_time()
    solve(b)
    return scores + sums + (time.process_time() - begun) * restarts


def measure_places(n: int, parts: int) -> dict:
    """Processor seconds of places for normal points whose centres are some of them; `difference` of the sums."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(n, 16))
    centres = points[rng.choice(n, parts, replace=False)]
    values, noise = points @ centres.T - (centres**2).sum(axis=1) / 2, rng.normal(size=(n, parts))
    sizes = 1 + rng.multinomial(n - parts, rng.dirichlet(np.full(parts, 5.0)))
    (labels, prices), first = _timed(places.give, values, sizes)
    _, again = _timed(places.give, values + 0.05 * noise, sizes, prices)
    row = {"n": n, "parts": parts, "seconds": first, "again_seconds": again}
    if n > SQUARE:
        return row
    place, rows = np.repeat(np.arange(parts), sizes), np.arange(n)
    (_, columns), square = _timed(linear_sum_assignment, values[:, place], True)
    return row | {
        "square_seconds": square, "difference": values[rows, labels].sum() - values[rows, place[columns]].sum(),
    }  # fmt: skip


def _timed(function, *given) -> tuple:
    begun = time.process_time()
    found = function(*given)
    return found, time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="results/benchmarks/partition.csv")
    parser.add_argument("--points", type=int, nargs="+", default=[25_000, 50_000])
    for name, value in (("features", 513), ("classes", 10), ("parts", 10), ("restarts", 20), ("steps", 10)):
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    sizes = (chosen.features, chosen.classes, chosen.parts, chosen.restarts, chosen.steps)
    table = pd.DataFrame([measure(n, *sizes) for n in chosen.points])
    print(table.round(3).T.to_string(header=False))
    Path(chosen.output).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(chosen.output, index=False)
    sized = pd.DataFrame([measure_places(*shape) for shape in SIZED])
    print(sized.to_string(index=False, float_format="{:.3g}".format))
    sized.to_csv(Path(chosen.output).with_name("places.csv"), index=False)


if __name__ == "__main__":
    main()
