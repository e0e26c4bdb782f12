"""Seconds and peak memory of each influence stage on synthetic factors, every stage in a process of its own.

python benchmarks/bench_stages.py [--n 50000] [--features 512] [--tests 10000] [--output results/benchmarks/stages.csv]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# One BLAS thread, as a Snakemake job of one thread has; set the variable to measure another number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd

from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN
from attribution.files.results.gradients import DECAY, DECAY_GRADIENT, PARAMETERS
from attribution.numerics import residuals

SCRIPTS = Path(__file__).parents[1] / "scripts"
PATHS = os.pathsep.join(map(str, [SCRIPTS, *SCRIPTS.iterdir()]))
CLASSES = 10
CG = {"tolerance": 1e-8, "max_iterations": 2000}
DAMPING = {"mode": "relative", "value": 1e-3}
GROUP = {
    "rule": "theta-relative", "direction": "max", "adaptive": False, "excluded": [], "size": 25, "stop": "size",
    "tie_seed": 0,
}  # fmt: skip
STAGES = {
    "cache_hessian": "cache_hessian.cache_hessian(f, 'last_layer', 'exact', 512, a['damping'], f['hessian'], {})",
    "compute_influence": "compute_influence.compute_influence(f['gradients'], inverse_files.open_inverse(f, a['cg']), "
    "f['data'], a['targets'], 2.0, ['all'], f['influence'], {})",
    "find_groups, 1 seed": "find_groups.find_groups(f, inverse_files.open_inverse(f, a['cg']), "
    "a['group'] | {'seeds': [0]}, ['all'], f['groups'], {})",
    "find_groups, 10 seeds": "find_groups.find_groups(f, inverse_files.open_inverse(f, a['cg']), "
    "a['group'] | {'seeds': list(range(10))}, ['all'], f['groups'], {})",
    "compute_topk": "compute_topk.compute_topk(f['data'], f['gradients'], inverse_files.open_inverse(f, a['cg']), "
    "a['topk'], 'key', f['topk'], {})",
}
IMPORTS = "import json, sys, resource, time; from attribution.influence import inverse_files; import {module}; "
CHILD = (
    "a = json.loads(sys.argv[1]); f = a['files']; t = time.monotonic(); {call}; "
    "print(json.dumps([time.monotonic() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))"
)


def write_inputs(files: dict, n: int, m: int, d: int, rows: int = 5000) -> None:
    """data.h5 with n images of CIFAR's size and gradients.h5 with float32 features of width d + 1."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(d + 1, CLASSES)) / np.sqrt(d)

    with hdf5.writing(files["data"], {}) as data, hdf5.writing(files["gradients"], {}) as gradients:
        gradients[PARAMETERS] = weights.ravel()
        gradients[DECAY], gradients[DECAY_GRADIENT] = np.zeros(weights.size), np.zeros(weights.size)
        data[SUBGROUP_TRAIN] = np.zeros(n, np.int64)
        for part, size in (("train", n), ("test", m)):
            y = rng.integers(0, CLASSES, size)
            x = data.create_dataset(f"x_{part}", (size, 32, 32, 3), "uint8")
            data[f"y_{part}"] = y
            kinds = {"features": (d + 1, "float32"), "logits": (CLASSES, "float64"), "residuals": (CLASSES, "float64")}
            sets = {
                name: gradients.create_dataset(f"{name}_{part}", (size, width), kind)
                for name, (width, kind) in kinds.items()
            }
            for start in range(0, size, rows):
                b = slice(start, min(start + rows, size))
                x[b] = rng.integers(0, 256, (b.stop - b.start, 32, 32, 3), dtype=np.uint8)
                # rectified and correlated, as a network's features are
                h = np.maximum(rng.normal(size=(b.stop - b.start, d)) + 0.5 * y[b, None] / CLASSES, 0)
                h = np.concatenate([h, np.ones((len(h), 1))], axis=1).astype(np.float32)
                logits = h.astype(np.float64) @ weights
                values = {"features": h, "logits": logits, "residuals": residuals.residuals(logits, y[b])}
                for name, array in values.items():
                    sets[name][b] = array


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=5000, help="training points (50000 for CIFAR-10's size)")
    parser.add_argument("--tests", type=int, default=500)
    parser.add_argument(
        "--features", type=int, default=64, help="width of the last layer's input (512 for a ResNet-18)"
    )
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/stages.csv"))
    parser.add_argument("--stages", nargs="*", default=list(STAGES), choices=list(STAGES))
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = {
            name: str(Path(folder) / f"{name}.h5")
            for name in ("data", "gradients", "hessian", "influence", "groups", "topk")
        }
        write_inputs(files, arguments.n, arguments.tests, arguments.features)
        settings = {
            "files": files, "damping": DAMPING, "cg": CG, "group": GROUP, "targets": list(range(100)),
            "topk": {"size": 25, "block": 1024, "precision": "float32", "tie_seed": 0},
        }  # fmt: skip
        for stage in arguments.stages:
            module = stage.split(",")[0]
            command = IMPORTS.format(module=module) + CHILD.format(call=STAGES[stage])
            started = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-c", command, json.dumps(settings)],
                env=os.environ | {"PYTHONPATH": PATHS}, stdout=subprocess.PIPE, text=True, check=True,
            )  # fmt: skip
            seconds, kilobytes = json.loads(done.stdout.strip().splitlines()[-1])
            rows.append({
                "stage": stage, "seconds": seconds, "with_start_s": time.monotonic() - started,
                "peak_gb": kilobytes * 1024 / 1e9,
            })  # fmt: skip
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output, index=False)
    k = (arguments.features + 1) * CLASSES
    print(f"n = {arguments.n}, tests = {arguments.tests}, k = {k}, {os.environ['OMP_NUM_THREADS']} BLAS thread(s)")
    print(table.to_string(index=False, float_format="{:.3g}".format))
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
