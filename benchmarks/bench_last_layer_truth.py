"""Every attribution method of the last layer against refits to the optimum: LDS, leave-one-out, and removal of groups.

python benchmarks/bench_last_layer_truth.py [--input FILE.npz] [--subsets 100] [--output results/benchmarks]

Writes last-layer-points.csv and last-layer-groups.csv. The problem is a softmax regression at its optimum, read from
FILE.npz (see `last_layer_problem.load`) or drawn.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

# One BLAS thread, as a Snakemake job of one thread has; set the variable to measure another number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import keras
import numpy as np
import pandas as pd

import last_layer_problem
from attribution.files import hdf5
from attribution.files.results import gradients
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.influence import inverse, rescaled
from attribution.methods import base
from attribution.methods.run import Run
from attribution.numerics import hessian, residuals
from attribution.retraining import convex_many, predictions, subsets
from attribution.workflow.registry import METHODS

COLUMNS = ["truth", "sets", "method", "spearman", "low", "high", "ratio"]
LDS = (
    "last-layer", "last-layer-rescaled", "representer", "gradient-dot", "gradient-cosine", "embedding-cosine",
    "input-euclidean", "random",
)  # fmt: skip
# again at weights of zero, which have learned nothing; embedding and inputs are the features, of either layer
AT_ZERO = ("last-layer", "last-layer-rescaled", "representer", "gradient-dot", "gradient-cosine", "trak")
# of groups, summed over the points that leave; the features are embedding and inputs in one
SUMMED = ("embedding-cosine", "input-euclidean", "random")
UNTRAINED = "-untrained"
# beside them, by name: settings of section `trak`
TRAK = {
    "trak": {"projection": "none", "ridge": 1.0},
    "trak, ridge 0.001": {"projection": "none", "ridge": 1e-3},
    "trak, projection 512": {"projection": 512, "blocks": 1, "ridge": 1.0, "seed": 0},
    "trak, projection 512, 4 blocks": {"projection": 512, "blocks": 4, "ridge": 1.0, "seed": 0},
}
# the other settings that methods read
SETTINGS = {"influence.batch_size": 512, "influence.matrix_gb": 2.0, "influence.cg": {}, "evaluation.seed": 0}
SMALLEST, LARGEST = 10, 120  # members of a group
DRAWS = 1000  # of a bootstrap


def run_of(problem: last_layer_problem.Problem, folder: Path) -> Run:
    """A run whose network is this last layer alone, asked about its test points; its files are written to a folder."""
    x, t, w = problem.features, problem.test_features, problem.weights
    inputs = keras.Input((x.shape[1] - 1,))
    layer = keras.layers.Dense(w.shape[1])
    model = keras.Model(inputs, layer(inputs))
    layer.set_weights([w[:-1], w[-1]])
    model.save(folder / "model.keras")
    logits, flat = x @ w, np.full(w.size, problem.decay)
    arrays = {
        gradients.FEATURES_TRAIN: x,
        gradients.LOGITS_TRAIN: logits,
        gradients.RESIDUALS_TRAIN: residuals.residuals(logits, problem.labels),
        gradients.FEATURES_TEST: t,
        gradients.LOGITS_TEST: t @ w,
        gradients.PARAMETERS: w.ravel(),
        gradients.DECAY: flat,
    }
    hdf5.write(folder / "gradients.h5", arrays, {})
    matrix = hessian.hessian_sum(x, logits) / len(x) + np.diag(flat)
    arrays, facts = inverse.cache_of_factor(matrix, {"mode": "absolute", "value": 0.0}, np.trace(matrix))
    hdf5.write(folder / "hessian.h5", arrays, facts)
    arrays = {X_TRAIN: x[:, :-1], X_TEST: t[:, :-1], Y_TRAIN: problem.labels, Y_TEST: problem.test_labels}
    hdf5.write(folder / "data.h5", arrays, {"class_names": [str(c) for c in range(w.shape[1])]})
    files = {name: folder / f"{name}.h5" for name in ("data", "gradients", "hessian")}
    return Run(files | {"model": folder / "model.keras"}, dict(SETTINGS), tested=True)


def untrained(problem: last_layer_problem.Problem) -> last_layer_problem.Problem:
    """The same points before any training: all weights are zero."""
    return problem._replace(weights=np.zeros_like(problem.weights))


def attributions(run, names: tuple) -> dict[str, np.ndarray]:
    """Method -> (t, n) scores of all training points for all test points."""
    found, every = {}, np.arange(len(run.queried.labels))
    for name in names:
        if name in TRAK:
            run.settings |= {f"trak.{key}": value for key, value in TRAK[name].items()}
        start = time.perf_counter()
        found[name] = base.resolve(METHODS[name if name in METHODS else "trak"]).pairs(run, every)
        print(f"{name}: {time.perf_counter() - start:.2f} s", flush=True)
    return found


def interval(statistic, *arrays) -> tuple[float, float]:
    """95 % of a statistic over resampled rows of all arrays together."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(arrays[0]), (DRAWS, len(arrays[0])))
    return tuple(np.percentile([statistic(*(a[row] for a in arrays)) for row in rows], [2.5, 97.5]))


def margins_at(weights: np.ndarray, run) -> np.ndarray:
    """(M, t) margins of the test points at each of (M, D, C) last layers."""
    return np.stack([residuals.margins(run.queried.features @ w, run.queried.labels) for w in weights])


def lds(run, problem, found: dict, alpha: float, count: int) -> list[list]:
    """Rows of random subsets: the mean over test points of the rank correlation over subsets, interval over points."""
    rng, n = np.random.default_rng(int(100 * alpha)), len(run.labels)
    kept = np.zeros((count, n), dtype=bool)
    for mask in kept:
        mask[rng.permutation(n)[: round(alpha * n)]] = True
    start = time.perf_counter()
    refitted = convex_many.refits(problem.features, problem.labels, problem.weights, problem.decay / 2, kept)
    print(f"alpha {alpha}: {60 * count / (time.perf_counter() - start):.0f} subsets a minute", flush=True)
    true, rows = margins_at(refitted, run), []
    for name, scores in found.items():
        each = predictions.spearman(true, kept @ scores.T)
        rows.append(["margin of each test point", f"{count} random subsets, alpha {alpha}", name, each.mean(),
                     *interval(np.mean, each), np.nan])  # fmt: skip
    return rows


def leave_one_out(run, problem, found: dict, count: int) -> list[list]:
    """Rows of single points: the rank correlation over points, its mean over tests; and the slope of the prediction on
    the truth over all pairs, for methods on the margin's scale."""
    n, rng = len(run.labels), np.random.default_rng(0)
    own = rescaled.leverages(run.features, rescaled.inverse(run.solve, problem.weights.size), run.logits.shape[1])
    heavy = np.argsort(-np.trace(own, axis1=1, axis2=2))[:count]
    rows = []
    for label, points in (("random points", rng.permutation(n)[:count]), ("points of largest leverage", heavy)):
        kept = np.ones((count, n), dtype=bool)
        kept[np.arange(count), points] = False
        # the loss stays divided by n
        l2 = problem.decay / 2 * n / (n - 1)
        refitted = convex_many.refits(problem.features, problem.labels, problem.weights, l2, kept)
        true = residuals.margins(run.queried.logits, run.queried.labels) - margins_at(refitted, run)
        for name, scores in found.items():
            predicted, method = scores[:, points].T, name.removesuffix(UNTRAINED)
            scaled = getattr(base.resolve(METHODS.get(method, METHODS["trak"])), "unit", "") == "margin"
            each = predictions.spearman(true, predicted)
            slope = (true * predicted).sum() / (true**2).sum() if scaled else np.nan
            rows.append(["margin of each test point", f"leave-one-out, {count} {label}", name, each.mean(),
                         *interval(np.mean, each), slope])  # fmt: skip
    return rows


def drawn_groups(problem, subgroups: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Kind -> (count, n) masks, False where a point leaves: members drawn from all points, or from one subgroup."""
    rng, n = np.random.default_rng(1), len(problem.labels)
    found = {"random": np.ones((count, n), dtype=bool), "coherent": np.ones((count, n), dtype=bool)}
    whole = np.unique(subgroups)
    for place in range(count):
        size = rng.integers(SMALLEST, LARGEST)
        found["random"][place, rng.choice(n, size, replace=False)] = False
        pool = np.flatnonzero(subgroups == rng.choice(whole))
        found["coherent"][place, rng.choice(pool, min(size, len(pool)), replace=False)] = False
    return found


def family(problem, kept: np.ndarray, targets: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(methods, groups, points) predicted changes of losses, see `predictions.FAMILY`."""
    w, flat = problem.weights, np.full(problem.weights.size, problem.decay)
    layer = predictions.LastLayer(
        problem.features, problem.labels, w, flat, problem.decay * w.ravel(), 0.0, targets, labels
    )
    return layer.family(subsets.left_out(kept))


def similar(run: Run, name: str) -> np.ndarray:
    """(n + m, n) scores of the training points for all training points, then for all test points, less each target's
    mean: sums would else follow the number of points, a control of its own."""
    seen = [Run(run.files, run.settings, tested=tested) for tested in (False, True)]
    pairs = base.resolve(METHODS[name]).pairs
    scores = np.concatenate([pairs(each, np.arange(len(each.queried.labels))) for each in seen])
    return scores - scores.mean(axis=1, keepdims=True)


def groups(run, problem, masks: dict[str, np.ndarray]) -> list[list]:
    """Rows of groups: the rank correlation over groups of the change of a loss, and the median of predicted / true.

    Controls are the same steps of the untrained layer, and what has no scale: how many points leave, and sums over
    them of scores that know no network.
    """
    x, w = problem.features, problem.weights
    controls = {name: similar(run, name) for name in SUMMED}
    names = [*predictions.FAMILY, *(name + UNTRAINED for name in predictions.FAMILY), "group-size", *controls]
    n, rows = len(x), []
    targets, labels = np.concatenate([x, problem.test_features]), np.concatenate([run.labels, run.queried.labels])
    before = residuals.cross_entropy(targets @ w, labels)
    for kind, kept in masks.items():
        refitted = convex_many.refits(x, problem.labels, w, problem.decay / 2, kept)
        true = predictions.losses_at(refitted, targets, labels) - before
        sizes = np.broadcast_to((~kept).sum(axis=1)[:, None].astype(float), true.shape)
        predicted = [family(layer, kept, targets, labels) for layer in (problem, untrained(problem))]
        summed = [((~kept) @ scores.T)[None] for scores in controls.values()]
        both = np.concatenate([true[None], *predicted, sizes[None], *summed])
        own, test = predictions.on_group_and_test(both, kept)
        # every test point by itself, as in the other tables
        for truth, changes in (
            ("mean loss of the group", own), ("mean test loss", test), ("loss of each test point", both[..., n:])
        ):  # fmt: skip
            for name, found in zip(names, changes[1:], strict=True):
                *ranked, ratio = agreement(changes[0], found)
                ratio = np.nan if name == "group-size" or name in controls else ratio
                rows.append([truth, f"{len(kept)} {kind} groups", name, *ranked, ratio])
    return rows


def agreement(true: np.ndarray, predicted: np.ndarray) -> list[float]:
    """Spearman with its interval over groups, or over test points of theirs, and the median ratio."""
    ratio = float(np.median(predicted / true))
    if true.ndim == 2:
        each = predictions.spearman(true, predicted)
        return [each.mean(), *interval(np.mean, each), ratio]
    return [float(predictions.spearman(true, predicted)), *interval(predictions.spearman, true, predicted), ratio]


def judged(problem: last_layer_problem.Problem, subgroups: np.ndarray, run: Run, count: int) -> dict[str, list[list]]:
    """Rows of both tables: what points get, and what groups do."""
    found = attributions(run, (*LDS, *TRAK))
    with tempfile.TemporaryDirectory() as folder:
        of_zero = attributions(run_of(untrained(problem), Path(folder)), AT_ZERO)
    found |= {name + UNTRAINED: scores for name, scores in of_zero.items()}
    points = [row for alpha in (0.5, 0.9) for row in lds(run, problem, found, alpha, count)]
    points += leave_one_out(run, problem, found, count)
    return {"points": points, "groups": groups(run, problem, drawn_groups(problem, subgroups, count))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--input", type=Path)
    parser.add_argument("--subsets", type=int, default=100, help="random subsets a share, points and groups a kind")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks"))
    arguments = parser.parse_args()
    problem = last_layer_problem.load(arguments.input) if arguments.input else last_layer_problem.make()
    subgroups = problem.labels
    if arguments.input:
        with np.load(arguments.input) as file:
            if "sub_tr" in file:
                subgroups = problem.labels * (1 + file["sub_tr"].max()) + file["sub_tr"]
    with tempfile.TemporaryDirectory() as folder:
        tables = judged(problem, subgroups, run_of(problem, Path(folder)), arguments.subsets)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        path, table = arguments.output / f"last-layer-{name}.csv", pd.DataFrame(rows, columns=COLUMNS)
        table.to_csv(path, index=False, float_format="%.3f")
        print(table.to_string(index=False, float_format="{:.3f}".format))
        print(f"written to {path}")


if __name__ == "__main__":
    main()
