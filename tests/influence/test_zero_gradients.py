"""A network so certain that gradients are exactly zero: one sentence for all of them, a warning for some."""

import warnings

import numpy as np
import pytest

import cache_hessian
import compute_influence
import find_groups
from attribution.boundary import candidates as boundary_candidates
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import (
    DECAY,
    DECAY_GRADIENT,
    FEATURES_TRAIN,
    LOGITS_TRAIN,
    PARAMETERS,
    RESIDUALS_TRAIN,
)
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.groups import greedy
from attribution.influence import inverse
from attribution.influence import points as influence
from attribution.numerics import hessian, residuals

N, D = 30, 4
KEYS = np.random.default_rng(5).permutation(N).astype(np.uint64)


def saturated(folder, certain, columns=3):
    """gradients.h5 and data.h5 of a last layer whose first points are predicted beyond any doubt."""
    rng = np.random.default_rng(0)
    h = np.column_stack([rng.normal(size=(N, D - 1)), np.ones(N)])
    y = np.arange(N) % (2 if columns == 1 else columns)
    logits = rng.normal(size=(N, columns))
    sure = 2e4 * (2 * y[:, None] - 1) if columns == 1 else 2e4 * np.eye(columns)[y]
    logits[:certain] = sure[:certain]
    r = residuals.residuals(logits, y)
    assert (r[:certain] == 0).all() and (r[certain:] != 0).all()
    files = {name: str(folder / f"{name}.h5") for name in ("gradients", "hessian", "data", "influence")}
    k = D * columns
    hdf5.write(files["gradients"], {
        FEATURES_TRAIN: h, RESIDUALS_TRAIN: r, LOGITS_TRAIN: logits, PARAMETERS: np.zeros(k),
        DECAY: np.zeros(k), DECAY_GRADIENT: np.zeros(k),
    }, {})  # fmt: skip
    hdf5.write(files["data"], {X_TRAIN: h, Y_TRAIN: y, SUBGROUP_TRAIN: y}, {})
    return files


def cache(files, solver="exact", mode="relative", value=0.01):
    cache_hessian.cache_hessian(
        files, "last_layer", solver, 16, {"mode": mode, "value": value}, files["hessian"], {"scope": "last_layer"}
    )


def compute(files):
    solve = inverse.from_factor(files["hessian"])
    compute_influence.compute_influence(
        files["gradients"], solve, files["data"], "all", 1.0, [], files["influence"], {}
    )
    return solve


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("solver", ["exact", "cg"])
@pytest.mark.parametrize("mode", ["relative", "floor"])
def test_a_hessian_of_zero_is_said_and_no_damping_advised(tmp_path, columns, solver, mode):
    files = saturated(tmp_path, N, columns)
    with pytest.raises(ValueError, match=r"Hessian is zero .*probability that rounds to 0 or 1") as error:
        cache(files, solver, mode)
    assert "set damping" not in str(error.value) and "\n" not in str(error.value)


def test_numbers_too_small_for_an_inverse_are_zero_too():
    with pytest.raises(ValueError, match=r"Hessian is zero \(its largest entry is 1e-300\)"):
        hessian.factor(np.eye(3) * 1e-300, 0.0)
    np.testing.assert_allclose(hessian.factor(np.eye(3) * 1e-200, 0.0), np.eye(3) * 1e-100)


def test_every_gradient_zero_is_refused_and_the_old_file_stays(tmp_path):
    files = saturated(tmp_path, N)
    hdf5.write(files["influence"], {"old": np.ones(1)}, {})
    cache(files, mode="absolute", value=0.1)
    with pytest.raises(ValueError, match=f"all {N} training points have a self-influence of exactly zero"):
        compute(files)
    assert hdf5.read(files["influence"], "old")[0] == 1


def test_some_gradients_zero_are_said_and_never_ranked_in_silence(tmp_path, capsys):
    files = saturated(tmp_path, 4)
    cache(files)
    solve = compute(files)
    out = capsys.readouterr().out
    assert f"warning: 4 of {N} training points, the first is 0, have a self-influence of exactly zero" in out
    own, step = hdf5.read(files["influence"], SELF_INFLUENCE, STEP_NORM)
    assert (own[:4] == 0).all() and (own[4:] > 0).all()
    h, r = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    for rule in greedy.RELATIVE:
        with pytest.raises(ValueError, match=f"4 points have a self-influence of exactly zero .*rule '{rule}'"):
            greedy.grow(h, r, solve, own, step, [[9]], 5, rule, "max", KEYS)

    group = {"seeds": [2, 9], "excluded": [], "size": 5, "rule": "influence", "direction": "max", "stop": "size",
             "tie_seed": 0, "adaptive": False}  # fmt: skip
    find_groups.find_groups(files, solve, group, [], tmp_path / "groups.h5", {})
    out = capsys.readouterr().out
    assert "point 2 has a gradient of zero" in out and "point 9 has a gradient" not in out
    assert "group of point 2: 1 steps had equal best scores, decided by tie_seed" in out


def test_none_is_said_where_none_is_zero(tmp_path, capsys):
    files = saturated(tmp_path, 0)
    cache(files)
    compute(files)
    assert "warning" not in capsys.readouterr().out


def test_candidates_without_a_direction_come_last(tmp_path):
    files = saturated(tmp_path, 4)
    cache(files)
    solve = inverse.from_factor(files["hessian"])
    h, r = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    own, _ = influence.self_influence(h, r, solve)
    labels = np.zeros(N, dtype=int)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (pool,) = boundary_candidates.pools("influence", 25, [9], labels, h, r, own, solve, [], KEYS)
    assert len(pool) == 25 and not set(pool) & {0, 1, 2, 3}
