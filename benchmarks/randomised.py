"""Sanity of scores: do methods still rank what retraining does once labels are permuted, or weights are random?

    python benchmarks/randomised.py --models mlp-l2 mlp-plain --subsets 100 --output randomised.csv

The truth is of networks trained on random halves of the toy set with its own labels. Methods see the run of that data
(`trained`), that of the same data with the training labels permuted (`permuted labels`, several times), and that of a
recipe without steps (`random weights`). What still scores does not come from the labels, or from training.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd
import yaml

from attribution.data import toy
from attribution.evaluation import lds
from attribution.influence import features
from attribution.influence import points as influence
from attribution.methods import base
from attribution.methods.run import Run
from attribution.numerics import hessian, solvers
from attribution.retraining import truth, whole_networks
from attribution.training import replay
from attribution.workflow import registry

METHODS = (
    "metagradient", "metagradient-smooth", "source", "gauss-newton", "kfac", "ekfac", "trak", "tracin", "last-layer",
    "last-layer-damped", "last-layer-rescaled", "theta-relative", "l-relative", "gradient-dot",
    "gradient-cosine", "embedding-cosine", "input-euclidean", "random",
)  # fmt: skip
ROOT = Path(__file__).parents[1]
# of the last layer's Hessian, times its mean eigenvalue; as config.yaml has it
DAMPING = 1e-3


class Data(NamedTuple):
    """`x` (n, ...), `y` (n,), `x_test` (m, ...), `y_test` (m,); `classes` their number."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int


def run_of(data: Data, recipe: dict, settings: dict, seed: int) -> Run:
    """A run of the recipe on the data as methods read it, nothing of it on files."""
    training = replay.of_recipe(recipe, data.x, data.y, data.classes, seed)
    end, model = replay.run(training, np.ones(training.n)), training.model
    for variable, value in zip(model.trainable_variables, end.theta, strict=True):
        variable.assign(value)
    run = Run({}, settings, tested=True, recipe=recipe, seed=seed)
    weights, decay, _ = features.last_layer_parameters(model)
    h, h_test = (features.extended_features(model, x, 512) for x in (data.x, data.x_test))
    logits, r = features.factors(weights, h, data.y)
    full = hessian.hessian_sum(h, logits) / len(h) + np.diag(decay)
    lower = hessian.factor(full, DAMPING * np.trace(full) / len(full))
    solve = partial(solvers.exact, lower)
    own, norm = influence.self_influence(h, r, solve)
    of_run = {"x": data.x, "labels": data.y, "features": h, "logits": logits, "residuals": r, "solve": solve,
              "own": own, "step_norm": norm, "classes": data.classes, "model": model}  # fmt: skip
    run.__dict__.update(of_run)
    tested = {"x": data.x_test, "labels": data.y_test, "features": h_test, "logits": h_test @ weights}
    run.queried.__dict__.update(tested)
    return run


def judged(
    data: Data, recipe: dict, settings: dict, methods: list[str], count: int, targets: np.ndarray, permutations: int,
    seed: int,
) -> pd.DataFrame:  # fmt: skip
    """A row a method and network: mean LDS over the permutations, the least and the most of them.

    Args:
        count: subsets of half of the points. targets: (t,) test indices. permutations: of the labels.
    """
    kept = truth.sets("alpha0.5", [0, count], data.x, data.y, {"seed": seed}).kept
    margins = whole_networks.retrained(
        recipe, data.x, data.y, data.x_test[targets], data.y_test[targets], data.classes, seed, kept, "truth"
    )
    fresh = recipe | {"training": recipe["training"] | {"epochs": 0}}
    rng = np.random.default_rng(seed)
    cases = [("trained", data, recipe), ("random weights", data, fresh)]
    cases += [("permuted labels", data._replace(y=rng.permutation(data.y)), recipe) for _ in range(permutations)]
    found = []
    for name, seen, trained in cases:
        run = run_of(seen, trained, settings, seed)
        for method in methods:
            pairs = base.resolve(registry.METHODS[method]).pairs(run, targets)
            found.append([method, name, float(lds.scores(margins, kept @ pairs.T).mean())])
            print(*found[-1], flush=True)
    table = pd.DataFrame(found, columns=["method", "network", "lds"]).groupby(["method", "network"], sort=False).lds
    found = table.agg(["mean", "min", "max"]).reset_index()
    # no range of what is one number
    found.loc[found["min"] == found["max"], ["min", "max"]] = np.nan
    return found


def read(name: str) -> dict:
    """A file of config/."""
    return yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())


def settings_of(config: dict) -> dict:
    """What these methods read, by dotted name."""
    curvature, unrolled = config["curvature"], config["unrolled"]
    return {
        **{f"curvature.{key}": value for key, value in curvature.items()},
        **{f"unrolled.{key}": value for key, value in unrolled.items()},
        **{f"trak.{key}": value for key, value in config["trak"].items()},
        "influence.batch_size": 512, "influence.matrix_gb": 2.0, "evaluation.seed": 0,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["mlp-l2"])
    parser.add_argument("--subsets", type=int, default=100)
    parser.add_argument("--targets", type=int, default=60)
    parser.add_argument("--permutations", type=int, default=3)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    config, models, datasets = map(read, ("config", "models", "datasets"))
    of_toy = datasets["datasets"]["toy"]
    arrays = toy.draw(of_toy["discs"], of_toy["class_names"], of_toy["noise"], of_toy["seed"])
    data = Data(*(arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")), 2)
    targets = truth.target_points(len(data.y_test), arguments.targets, 0)
    tables = []
    for model in arguments.models:
        recipe = models["models"][model]
        found = judged(data, recipe, settings_of(config), list(METHODS), arguments.subsets, targets,
                       arguments.permutations, 0)  # fmt: skip
        tables.append(found.assign(dataset="toy", model=model))
    columns = ["dataset", "model", "method", "network", "mean", "min", "max"]
    pd.concat(tables)[columns].to_csv(arguments.output, index=False, float_format="%.4f")


if __name__ == "__main__":
    main()
