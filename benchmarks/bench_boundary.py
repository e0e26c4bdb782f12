"""Boundary scores in all layers of the `cnn`: many points at once against a loop over one changed network.

python benchmarks/bench_boundary.py [--run MODEL.keras --data data.h5] [--points 1000] [--loop 10] [--slots 16]
    [--precision float64] [--output results/benchmarks/boundary.csv]

Without files a network with random weights sees random images. The loop is the plain form: one network, changed in
place, one gradient a class by autodiff. `one slot` is the compiled program of the many with a single copy.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
import yaml

from attribution.boundary import points as boundary
from attribution.boundary import points_all_layers as boundary_layers
from attribution.costs import stages as cost
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN
from attribution.networks import build as models
from attribution.networks import copies, copy_derivatives, precision

ROOT = Path(__file__).parents[1]


def looped(network: keras.Model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and steps by DeepFool on one network that is changed and put back; the arithmetic of the slots."""
    variables, scores, steps = network.trainable_variables, [], []
    start = [v.numpy() for v in variables]
    for sample in x:
        sample = sample[None].astype("float32")
        f = network(sample, training=False).numpy()
        first = int(boundary.predictions(f)[0])
        count = 0
        while count < boundary.MAX_STEPS:
            count += 1
            with tf.GradientTape(persistent=True) as tape:
                f = network(sample, training=False)[0]
                gaps = {c: f[c] - f[first] for c in range(len(f)) if c != first}
            best = (np.inf,)
            for gap in gaps.values():
                g = tape.gradient(gap, variables)
                length = float(tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(p)) for p in g])))
                if abs(float(gap)) / length < best[0]:
                    best = (abs(float(gap)) / length, g, length)
            for v, p in zip(variables, best[1], strict=True):
                v.assign_add(best[0] / best[2] * p)
            f = network(sample, training=False).numpy()
            if boundary.predictions(f)[0] != first or boundary_layers.top_gap(f)[0] < boundary.TOLERANCE:
                break
        moved = sum(((v.numpy() - w) ** 2).sum() for v, w in zip(variables, start, strict=True))
        scores.append(float(np.sqrt(moved)))
        steps.append(count)
        for v, w in zip(variables, start, strict=True):
            v.assign(w)
    return np.array(scores), np.array(steps)


def operations(model: keras.Model, m: int) -> int:
    """Operations of one step of one point in the matrix products, a multiplication and an addition being two."""
    together, total = copies.copies(model, m), 0
    others = max(2, model.output_shape[-1]) - 1
    for number, layer in enumerate(copies.copied_layers(model)):
        own = together.get_layer(layer.name)
        rows = int(np.prod(own.output.shape[1:-1]))
        one = 2 * rows * own.input.shape[-1] * own.output.shape[-1]
        gram = 2 * rows**2 * (own.input.shape[-1] + others * own.output.shape[-1])
        # forward before and after, the derivatives in the layer's inputs, the norms, the chosen gradient
        total += 2 * one + (others * one if number else 0) + min(gram, others * one) + one
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--loop", type=int, default=10)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--precision", default="float64")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/boundary.csv"))
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    if arguments.run:
        model = keras.models.load_model(arguments.run, compile=False)
        with hdf5.opened(arguments.data, X_TRAIN) as (array,):
            x = array[np.sort(rng.choice(len(array), arguments.points, replace=False))]
    else:
        recipe = yaml.safe_load((ROOT / "config/models.yaml").read_text())["models"]["cnn"]
        model = models.build(recipe, (32, 32, 3), 10, 0)
        x = rng.integers(0, 256, (arguments.points, 32, 32, 3), dtype=np.uint8)
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, before")

    dtype, many = arguments.precision, arguments.slots
    settings = {"max_steps": boundary.MAX_STEPS, "dtype": dtype}
    rows, found = [], {}
    for name, slots, part in (("slots", many, x), ("one slot", 1, x[: arguments.loop])):
        network = copy_derivatives.network(model, slots, "l2", dtype)
        boundary_layers.walk(network, part[: min(slots, len(part))], **settings)  # compiles
        wall, cpu = time.perf_counter(), time.process_time()
        found[name] = boundary_layers.walk(network, part, **settings)
        rows.append((name, len(part), time.perf_counter() - wall, time.process_time() - cpu, found[name].steps.sum()))
        if name == "slots":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    copy = precision.copied(model, dtype, x)
    looped(copy, x[:1])
    wall, cpu = time.perf_counter(), time.process_time()
    scores, steps = looped(copy, x[: arguments.loop])
    rows.append(("loop", arguments.loop, time.perf_counter() - wall, time.process_time() - cpu, steps.sum()))

    table = pd.DataFrame(rows, columns=["form", "points", "seconds", "cpu_seconds", "steps"])
    table["ms_per_point"], table["ms_per_step"] = (1e3 * table.seconds / table[key] for key in ("points", "steps"))
    table["cpu_ms_per_step"] = 1e3 * table.cpu_seconds / table.steps
    flops = operations(model, 1)
    table["gflops"] = flops / 1e6 / table.cpu_ms_per_step
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    whole = found["slots"]
    square = keras.ops.ones((1024, 1024), dtype=dtype)
    cost.speed(keras.ops.matmul, square)
    cpu, count = time.process_time(), 0
    while time.process_time() - cpu < 1:
        float(keras.ops.matmul(square, square)[0, 0])
        count += 1
    plain = 2e-9 * 1024**3 * count / (time.process_time() - cpu)
    print(table.to_string(index=False, float_format="{:.4g}".format))
    print(
        f"{many} slots, {dtype}: {whole.solved.mean():.2%} of {len(x)} points solved, {whole.steps.mean():.2f} steps a "
        f"point (largest {whole.steps.max()}), peak memory {peak:.2f} GiB with TensorFlow"
    )
    agree = np.abs(whole.score[: arguments.loop] / scores - 1).max()
    print(f"largest relative difference from the loop's scores: {agree:.1e}")
    speed = table.set_index("form").ms_per_point
    times = [speed[name] / speed["slots"] for name in ("loop", "one slot")]
    print(f"{times[0]:.1f} times the loop's speed, {times[1]:.1f} times that of one slot")
    print(f"{flops / 1e6:.0f} MFLOP a step in matrix products; a plain one runs at {plain:.0f} GFLOP per CPU second")
    print(f"load of the machine {os.getloadavg()[0]:.1f}, after; written to {arguments.output}")


if __name__ == "__main__":
    main()
