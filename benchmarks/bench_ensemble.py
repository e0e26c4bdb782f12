"""Training many networks at once against `model.fit` one at a time, per network, and how time grows with their number.

python benchmarks/bench_ensemble.py [--output results/benchmarks/ensemble.csv] [--repeats 3]
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd
import yaml

from attribution.data import toy
from attribution.networks import build as models
from attribution.retraining import subsets
from attribution.training import ensemble
from attribution.training import train as training

ROOT = Path(__file__).parents[1]
SIZES = (133, 266, 533, 1066, 2132)


def alone(recipe: dict, x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """Seconds that `model.fit` takes for one network, building and compiling included, as a user would train it."""
    start = time.perf_counter()
    model = models.build(recipe, x.shape[1:], 2, seed)
    model.compile(optimizer=training.optimizer(recipe["training"]), loss=training.loss(1))
    steps = recipe["training"]
    model.fit(x, y[:, None].astype("float32"), batch_size=steps["batch_size"], epochs=steps["epochs"], verbose=0)
    return time.perf_counter() - start


def together(recipe: dict, x: np.ndarray, y: np.ndarray, count: int, workers: int) -> float:
    """Seconds that the ensemble takes for `count` networks, each without one point."""
    masks = np.resize(subsets.leave_one_out(len(x)), (count, len(x)))
    start = time.perf_counter()
    ensemble.train(recipe, x.shape[1:], 2, x, y, masks, np.arange(count), 0, f"{count} networks", workers=workers)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/ensemble.csv"))
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    data = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())["datasets"]["toy"]
    recipe = yaml.safe_load((ROOT / "config/models.yaml").read_text())["models"]["mlp-dropout"]
    arrays = toy.draw(data["discs"], data["class_names"], data["noise"], data["seed"])
    x, y = arrays["x_train"], arrays["y_train"]
    workers = os.cpu_count() or 1
    rows = []
    # taken in turns, so that a busy moment hits both alike; the first round loads and compiles code
    for repeat in range(-1, arguments.repeats):
        single = alone(recipe, x, y, max(repeat, 0))
        for count in SIZES:
            seconds = together(recipe, x, y, count, workers)
            if repeat >= 0:
                rows.append({"networks": count, "seconds": seconds, "ms_per_network": 1e3 * seconds / count,
                             "fit_seconds": single, "times_less": single * count / seconds})  # fmt: skip
    table = pd.DataFrame(rows).groupby("networks").median().reset_index()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    epochs = recipe["training"]["epochs"]
    print(f"mlp-dropout, {len(x)} points, {epochs} epochs, {workers} threads, median of {arguments.repeats}")
    print(table.to_string(index=False, float_format="{:.4g}".format))
    large = table[table.networks >= 533]
    slope = np.polyfit(np.log(large.networks), np.log(large.seconds), 1)[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"time grows as (number of networks)^{slope:.2f} from 533 on; peak memory {peak:.2f} GB with TensorFlow")
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
