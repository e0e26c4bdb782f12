"""Gradient steps of `cnn` networks one by one against several at once on an extra axis, a network and batch.

python benchmarks/bench_image_ensemble.py [--output results/benchmarks/image_ensemble.csv] [--repeats 20]

At once in two ways: every convolution cut into patches with one batched product (see `networks.copies`), or one grouped
convolution. Prints seconds a network and step; truths of image networks are trained in the fastest way.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd
import tensorflow as tf
import yaml

from attribution.networks import build as models
from attribution.networks import copies

ROOT = Path(__file__).parents[1]
MEMBERS = (1, 4, 16)
BATCH, SHAPE, CLASSES = 64, (32, 32, 3), 10


def seconds(step, repeats: int) -> float:
    """Least time of a call, after two that compile and warm up."""
    found = []
    for _ in range(2 + repeats):
        start = time.perf_counter()
        step()
        found.append(time.perf_counter() - start)
    return min(found[2:])


def one_by_one(model, x: np.ndarray, y: np.ndarray):
    """A gradient of one network's loss."""
    theta = [v.value for v in model.trainable_variables]

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(theta)
            logits = model.stateless_call(theta, [], x, training=True)[0]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
        return tape.gradient(loss, theta)

    return step


def in_patches(model, m: int, x: np.ndarray, y: np.ndarray):
    """Gradients of m networks, their convolutions as batched products of patches."""
    together = copies.copies(model, m, "float32")
    theta, fixed = ([v.value for v in vs] for vs in (together.trainable_variables, together.non_trainable_variables))
    many, labels = np.tile(x, (m, 1, 1, 1)), np.tile(y, m)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(theta)
            logits = together.stateless_call(theta, fixed, many, training=False)[0]
            loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)) / len(x)
        return tape.gradient(loss, theta)

    return step


def grouped(model, m: int, x: np.ndarray, y: np.ndarray):
    """Gradients of m networks, their convolutions as one with m groups of channels."""
    theta = [tf.repeat(v.value[None], m, axis=0) for v in model.trainable_variables]
    pixels = tf.constant(x / 127.5 - 1, tf.float32)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(theta)
            h = tf.tile(pixels, (1, 1, 1, m))
            for kernel, bias in zip(theta[:6:2], theta[1:6:2], strict=True):
                joined = tf.reshape(tf.transpose(kernel, (1, 2, 3, 0, 4)), (3, 3, kernel.shape[3], -1))
                h = tf.nn.relu(tf.nn.conv2d(h, joined, 1, "VALID") + tf.reshape(bias, [-1]))
                h = tf.nn.max_pool2d(h, 2, 2, "VALID")
            h = tf.reshape(h, (len(x), h.shape[1] * h.shape[2], m, -1))
            h = tf.reshape(tf.transpose(h, (2, 0, 1, 3)), (m, len(x), -1))
            h = tf.nn.relu(tf.matmul(h, theta[6]) + theta[7][:, None])
            logits = tf.matmul(h, theta[8]) + theta[9][:, None]
            labels = tf.tile(tf.constant(y)[None], (m, 1))
            loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)) / len(x)
        return tape.gradient(loss, theta)

    return step


def main() -> None:
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "results/benchmarks/image_ensemble.csv")
    parser.add_argument("--repeats", type=int, default=20)
    chosen = parser.parse_args()
    recipe = yaml.safe_load((ROOT / "config/models.yaml").read_text())["models"]["cnn"]
    model = models.build(recipe, SHAPE, CLASSES, 0)
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 255, (BATCH, *SHAPE)).astype(np.float32)
    y = rng.integers(0, CLASSES, BATCH)
    rows = [["one by one", 1, seconds(one_by_one(model, x, y), chosen.repeats)]]
    for m in MEMBERS[1:]:
        for way, make in (("batched product of patches", in_patches), ("grouped convolution", grouped)):
            rows.append([way, m, seconds(make(model, m, x, y), chosen.repeats) / m])
    table = pd.DataFrame(rows, columns=["way", "networks", "seconds_a_network"])
    table["to_one_by_one"] = table["seconds_a_network"] / rows[0][2]
    print(table.round(4).to_string(index=False))
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(chosen.output, index=False)


if __name__ == "__main__":
    main()
