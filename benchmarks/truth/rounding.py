"""How far a fixed truth can be known: subsets trained again from initial weights that are moved by a rounding.

    python benchmarks/truth/rounding.py results/cifar10-truth/cnn/seed0 --truth fixed-alpha0.5 --output FILE

Of runs whose truths are there, by target truth_toy or truth_cifar10, and whose recipes are those of config/. Each
initial weight is multiplied by 1 + moved or 1 - moved, at random; everything else is as in the truth. Where margins
then rank the subsets otherwise, no method can be right about the difference.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import numpy as np
import pandas as pd
import tensorflow as tf
import yaml

from attribution.evaluation import lds, truths
from attribution.files import hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.numerics.residuals import margins
from attribution.runtime import log
from attribution.settings import extends
from attribution.training import replay

CONFIG = Path(__file__).parents[2] / "config"
COLUMNS = ["dataset", "model", "truth", "subsets", "moved", "spearman", "low", "high", "change", "spread"]


def trained_again(run: Path, kept: np.ndarray, targets: np.ndarray, moved: float) -> np.ndarray:
    """(M, t) margins of the targets by networks trained on subsets kept (M, n), initial weights moved."""
    x, y, x_test, y_test = hdf5.read(run.parents[1] / "data.h5", X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
    classes = len(hdf5.attributes(run.parents[1] / "data.h5")["class_names"])
    recipe = extends.resolved(yaml.safe_load((CONFIG / "models.yaml").read_text()))["models"][run.parent.name]
    training = replay.of_recipe(recipe, x, y, classes, int(run.name.removeprefix("seed")))
    rng = np.random.default_rng(0)
    theta = [value * (1 + moved * tf.constant(rng.choice([-1, 1], value.shape), value.dtype))
             for value in training.start.theta]  # fmt: skip
    start, found = training.start._replace(theta=theta), []
    for mask in log.progress(kept, f"moved by {moved:g}"):
        end = replay.run(training, mask.astype(float), start)
        found.append(margins(training.outputs(end, x_test[targets]), y_test[targets]))
    return np.array(found)


def row_of(run: Path, name: str, subsets: int, moved: float) -> list:
    """Rank correlation of both truths with its interval, root mean square of the change, spread over subsets."""
    truth = truths.read(sorted(map(str, (run / "truth").glob(f"{name}-*.h5"))))
    first = truth.margins[0][:subsets]
    again = trained_again(run, truth.kept[:subsets], truth.targets, moved)
    score = float(lds.scores(first, again).mean())
    change, spread = np.sqrt(np.square(again - first).mean()), first.std(axis=0).mean()
    of = [run.parents[1].name, run.parent.name, name, len(first), moved]
    return [*of, score, *lds.interval(first, again, 2000, 0.95, 0), float(change), float(spread)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--truth", nargs="+", default=["fixed-alpha0.5", "fixed-alpha0.9"])
    parser.add_argument("--subsets", type=int, default=30)
    parser.add_argument("--moved", type=float, default=1e-7)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    rows = [row_of(run, name, given.subsets, given.moved) for run in given.runs for name in given.truth]
    pd.DataFrame(rows, columns=COLUMNS).to_csv(given.output, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
