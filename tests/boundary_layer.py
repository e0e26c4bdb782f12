"""A last layer, and the settings of boundary scores of its groups."""

import numpy as np

SETTINGS = {
    "max_steps": 100, "passes": 100, "orders": 2, "nodes": 1000, "seed": 0, "max_norm": 1e9,
    "optimizer": {"name": "sgd", "learning_rate": 0.2, "momentum": 0.0},
}  # fmt: skip


def layer(columns, n=50, d=6, seed=0):
    rng = np.random.default_rng(seed)
    features = np.concatenate([np.maximum(rng.normal(size=(n, d - 1)), 0), np.ones((n, 1))], axis=1)
    return features, rng.normal(size=(d, columns)), rng.integers(0, 2**60, n).astype(np.uint64)
