"""A run whose network is a logistic regression on known features, written by the pipeline's own jobs, fast."""

import numpy as np
from sklearn.linear_model import LogisticRegression

import cache_hessian
import compute_influence
import find_groups
from attribution.data import data_file
from attribution.files import hdf5
from attribution.files.results import gradients as names
from attribution.influence import inverse_files
from attribution.methods import base, writing
from attribution.methods.run import Run
from attribution.numerics import residuals
from attribution.workflow import registry

L2 = 1e-2
GROUP = {
    "rule": "l-relative", "direction": "max", "adaptive": False, "seeds": [3, 8], "excluded": [], "size": 9,
    "stop": "size", "tie_seed": 0,
}  # fmt: skip


def clusters(
    n: int = 60, m: int = 24, shape: tuple[int, ...] = (2,), noise: float = 0.5, seed: int = 0
) -> dict[str, np.ndarray]:
    """Arrays of three clusters of samples, one a class, some of them where another class lies; images as bytes."""
    rng, found = np.random.default_rng(seed), {}
    centres = rng.normal(size=(3, *shape))
    for part, count in (("train", n), ("test", m)):
        y = np.arange(count) % 3
        x = centres[y] + noise * rng.normal(size=(count, *shape))
        if len(shape) > 1:
            x = np.clip(128 + 30 * x, 0, 255).astype(np.uint8)
        found |= {f"x_{part}": x, f"y_{part}": y, f"subgroup_{part}": y}
        found[f"index_{part}"] = rng.permutation(count) + (n if part == "test" else 0)
    return found


def write(folder, arrays: dict[str, np.ndarray], classes=("cat", "dog", "ship"), scores=("self-influence", "loss")):
    """The run as files in the pipeline's folders, results/data-set/net/seed0 below `folder`; returns that folder."""
    home = folder / "results" / "data-set" / "net" / "seed0"
    attrs = {"dataset": "data-set", "model": "net", "seed": 0, "created_by": "train_model", "settings": "{}"}
    facts = attrs | {"rows_train": len(arrays["y_train"])}
    data_file.write(home.parents[1] / "data.h5", arrays, list(classes), list(classes), facts)
    flat = {part: arrays[f"x_{part}"].reshape(len(arrays[f"x_{part}"]), -1) for part in ("train", "test")}
    centre, scale = flat["train"].mean(axis=0), flat["train"].std(axis=0)
    h = {part: np.column_stack([(x - centre) / scale, np.ones(len(x))]) for part, x in flat.items()}
    n = len(h["train"])
    fit = LogisticRegression(C=1 / (n * L2), fit_intercept=False, tol=1e-8, max_iter=1000)
    weights = fit.fit(h["train"], arrays["y_train"]).coef_.T
    factors = {names.PARAMETERS: weights.reshape(-1), names.DECAY: np.full(weights.size, L2),
               names.DECAY_GRADIENT: L2 * weights.reshape(-1)}  # fmt: skip
    for part in ("train", "test"):
        logits = h[part] @ weights
        factors |= {f"features_{part}": h[part], f"logits_{part}": logits,
                    f"residuals_{part}": residuals.residuals(logits, arrays[f"y_{part}"])}  # fmt: skip
    hdf5.write(home / "gradients.h5", factors, attrs | {"scope": "last_layer"})
    files = {name: str(home / f"{name}.h5") for name in ("gradients", "hessian", "influence")}
    files["data"] = str(home.parents[1] / "data.h5")
    cache_hessian.cache_hessian(
        files, "last_layer", "exact", 64, {"mode": "relative", "value": 1e-3}, files["hessian"], attrs
    )
    solve = inverse_files.open_inverse(files, {})
    compute_influence.compute_influence(
        files["gradients"], solve, files["data"], "all", 1.0, list(classes), files["influence"], attrs
    )
    find_groups.find_groups(files, solve, GROUP, list(classes), home / "groups.h5", attrs | {"variant": ""})
    for name in scores:
        chosen = base.resolve(registry.METHODS[name])
        facts = attrs | {"scope": ""}
        writing.write_scores(name, chosen, Run(files, {"influence.cg": {}}), home / "scores" / f"{name}.h5", facts)
    return home
