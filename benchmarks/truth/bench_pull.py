"""Derivatives pulled back through one step of a training, against matrix products of the same flops.

python benchmarks/truth/bench_pull.py [--targets 16] [--output results/benchmarks/pull.csv] [--repeats 5]

A step's gradient is forward and twice as much backward; a target's share of the derivative is each product of both once
more for either factor, so twice the gradient. Copies, activations, pooling and the optimiser count as nothing.
"""

import argparse
import os
import sys
import time
from pathlib import Path

# one thread, as a Snakemake job of one thread has; set the variables to measure another number
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import numpy as np
import pandas as pd
import tensorflow as tf
import yaml

from attribution.costs import networks as network_cost
from attribution.training import replay

ROOT = Path(__file__).parents[2]
# recipe, shape of a sample, classes
TRAININGS = (("cnn", (32, 32, 3), 4), ("mlp-plain", (2,), 2))
SIDE = 1024


def seconds(work, repeats: int) -> float:
    """Median of processor time, after a call that compiles."""
    work()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return float(np.median(found))


def measure(name: str, recipe: dict, shape: tuple, classes: int, targets: int, repeats: int) -> list[dict]:
    """A row each for a step, and for a target's share of the derivative through it."""
    rng = np.random.default_rng(0)
    batch = recipe["training"]["batch_size"]
    x = rng.uniform(0, 255, (4 * batch, *shape)).astype(np.float32)
    y = rng.integers(0, classes, len(x))
    training, weights = replay.of_recipe(recipe, x, y, classes, 0), np.ones(len(x))
    state = replay.run(training, weights, steps=range(2))
    slopes = rng.normal(size=(targets, training.outputs(state, x[:1]).shape[1]))
    cotangents = training.seeds(state, x[:targets], slopes)
    a, b = (tf.constant(rng.normal(size=(SIDE, SIDE)), tf.float32) for _ in range(2))
    plain = seconds(lambda: tf.linalg.matmul(a, b).numpy(), repeats) / (2 * SIDE**3)
    step = seconds(lambda: training.step(state, 2, weights).theta[0].numpy(), repeats)
    pull = seconds(lambda: training.pull(state, 2, cotangents, weights)[1], repeats)
    gradient = 3 * batch * network_cost.sizes(training.model)["flops"]
    # the step's gradient is there once for all targets
    flops = {"step": gradient, "pull, a target": 2 * gradient + gradient / targets}
    return [
        {
            "recipe": name, "quantity": quantity, "gflop": flops[quantity] / 1e9, "ms": 1e3 * took,
            "same_flops_plain_ms": 1e3 * plain * flops[quantity], "multiple": took / (plain * flops[quantity]),
            "of_a_step": took / step,
        }
        for quantity, took in (("step", step), ("pull, a target", pull / targets))
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--targets", type=int, default=16)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/pull.csv"))
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    known = yaml.safe_load((ROOT / "config/models.yaml").read_text())["models"]
    rows = []
    for name, shape, classes in TRAININGS:
        rows += measure(name, known[name], shape, classes, arguments.targets, arguments.repeats)
    table = pd.DataFrame(rows)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    print(f"{arguments.targets} targets, {os.environ['TF_NUM_INTRAOP_THREADS']} thread(s)")
    print(table.to_string(index=False, float_format="{:.3g}".format))
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
