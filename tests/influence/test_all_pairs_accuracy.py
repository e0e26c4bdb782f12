"""All-pairs influence against an independent computation that shares no code with the package."""

from functools import partial

import numpy as np
import pytest

import last_layer_problem
from attribution.influence import points as influence
from attribution.numerics import hessian, residuals, solvers
from helpers import ROOT

FLOAT64, FLOAT32 = 1e-10, 2e-6
GIVEN = ROOT.parent / "shared/data/last_layer_bench.npz"


PROBLEMS = [
    pytest.param(partial(last_layer_problem.make, n=1500, m=200, d=24, classes=6), id="made here"),
    pytest.param(
        partial(last_layer_problem.load, GIVEN),
        id=GIVEN.name,
        marks=pytest.mark.skipif(
            not GIVEN.exists(), reason=f"no {GIVEN.name} beside the project: only the problem made here is checked"
        ),
    ),
]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_all_pairs_equals_the_plain_computation(problem):
    problem = problem()
    x, t, w = problem.features, problem.test_features, problem.weights
    logits = x @ w
    solve = partial(solvers.exact, hessian.factor(hessian.hessian_sum(x, logits) / len(x), problem.decay))
    r, r_test = residuals.residuals(logits, problem.labels), residuals.residuals(t @ w, problem.test_labels)
    expected = last_layer_problem.plain_influence(problem)
    for dtype, tolerance in ((np.float64, FLOAT64), (np.float32, FLOAT32)):
        found = influence.all_pairs(t, r_test, x, r, solve, dtype=dtype)
        assert found.dtype == dtype
        assert last_layer_problem.relative_error(found, expected) <= tolerance
