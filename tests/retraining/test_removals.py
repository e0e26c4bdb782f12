"""removals.h5 and removals.csv: what any methods predict beside what leaving out did, in files of a small network."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import compare_removals
from attribution.files import hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import (
    DECAY,
    DECAY_GRADIENT,
    FEATURES_TEST,
    FEATURES_TRAIN,
    PARAMETERS,
    POINT_WEIGHTS,
)
from attribution.files.results.retraining import GROUP_MASKS, LOSSES, MASKS
from attribution.methods import base, scores, writing
from attribution.methods.run import Run
from attribution.retraining import convex, subsets
from attribution.retraining import predictions as removal
from attribution.training import class_weights
from attribution.workflow import registry

N, M, L2 = 60, 9, 1e-2
GROUPS = {"shares": [0.1, 0.3], "draws": 2, "seed": 0}
ONE, SEVERAL = ["influence-over-n", "newton-re-evaluated"], ["newton", "first-order-re-evaluated"]


@pytest.fixture(params=[None, [1.0, 3.0]], ids=["no weights", "class weights"])
def network(request, tmp_path):
    """A last layer at the optimum of its L2 term, as files, and the losses of its refits without points and groups."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N + M, 2))
    y = (x[:, 0] + rng.logistic(size=N + M) > 0).astype(np.int64)
    h = np.column_stack([x, x[:, 0] * x[:, 1], np.ones(N + M)])
    own = class_weights.of_labels(y[:N], request.param)
    w = convex.fit(h[:N], y[:N], np.zeros((4, 1)), L2, own)
    hdf5.write(tmp_path / "data.h5", {X_TRAIN: x[:N], X_TEST: x[N:], Y_TRAIN: y[:N], Y_TEST: y[N:]}, {})
    slope = 2 * L2 * w.ravel()
    factors = {FEATURES_TRAIN: h[:N], FEATURES_TEST: h[N:], PARAMETERS: w.ravel()}
    factors |= {} if own is None else {POINT_WEIGHTS: own}
    hdf5.write(tmp_path / "gradients.h5", factors | {DECAY: np.full(4, 2 * L2), DECAY_GRADIENT: slope}, {})
    hdf5.write(tmp_path / "hessian.h5", {}, {"damping": 0.0, "solver": "exact"})
    files = {name: str(tmp_path / f"{name}.h5") for name in ("data", "gradients", "hessian")}
    drawn = subsets.groups(x[:N], y[:N], **GROUPS).masks
    for name, masks in (("leave_one_out", subsets.leave_one_out(N)), ("groups", drawn)):
        without = removal.losses_at(convex.refits(h[:N], y[:N], w, L2, masks, own), h, y)
        whole = np.broadcast_to(removal.losses_at(w[None], h, y), without.shape)
        path = str(tmp_path / f"{name}.h5")
        both = np.concatenate([masks, np.ones_like(masks)])
        hdf5.write(path, {MASKS: both, LOSSES: np.concatenate([without, whole])}, {"removals": len(masks)})
        files[name] = [path]
    return SimpleNamespace(files=files, h=h, y=y, w=w, groups=drawn, own=own, weighting=request.param)


def compared(network, folder, one, several):
    texts = {name: registry.METHODS[name] for name in dict.fromkeys([*one, *several])}
    scored = {name: str(folder / f"{name}.h5") for name in texts}
    for name, path in scored.items():
        run = Run(network.files, {"retraining.groups": GROUPS, "class_weights": network.weighting})
        writing.write_scores(name, base.resolve(texts[name]), run, path, {})
    pick = lambda names: {name: texts[name] for name in names}  # noqa: E731
    compare_removals.compare_removals(
        network.files, pick(one), pick(several), scored, [L2], GROUPS, folder / "removals.h5", folder / "removals.csv",
        {},
    )  # fmt: skip
    return scored, pd.read_csv(folder / "removals.csv")


def test_rows_and_arrays_are_those_of_the_methods_in_their_order(network, tmp_path):
    scored, table = compared(network, tmp_path, ONE, SEVERAL)
    points, groups = table[table.share == 1 / N], table[table.share.isna()]
    assert list(points.method.unique()) == ["influence / n", "newton re-evaluated"]
    assert list(groups.method.unique()) == ["newton", "first-order re-evaluated"]
    facts = hdf5.attributes(tmp_path / "removals.h5")
    assert list(facts["methods_of_one"]) == ["influence / n", "newton re-evaluated"]
    assert list(facts["methods_of_groups"]) == ["newton", "first-order re-evaluated"]
    masks, own, test = hdf5.read(tmp_path / "removals.h5", GROUP_MASKS, "network/groups/own", "network/one/test")
    np.testing.assert_array_equal(masks, network.groups)
    layer = removal.LastLayer(
        network.h[:N], network.y[:N], network.w, np.full(4, 2 * L2), 2 * L2 * network.w.ravel(), 0.0, network.h,
        network.y, network.own,
    )  # fmt: skip
    predicted = base.resolve(registry.METHODS["newton"]).changes(layer, subsets.left_out(masks))
    (alone,) = hdf5.read(tmp_path / "removals.h5", "network/one/own")
    chosen = points[(points.truth == "network") & (points.target == "own") & (points.metric == "pearson")]
    wanted = {"influence / n": np.corrcoef(alone[0], alone[1])[0, 1],
              "newton re-evaluated": np.corrcoef(alone[0], alone[2])[0, 1]}  # fmt: skip
    assert dict(zip(chosen.method, chosen.value, strict=True)) == pytest.approx(wanted, rel=1e-9)
    assert len(set(wanted.values())) == 2
    np.testing.assert_allclose(own[1, 3], predicted[3, :N][~masks[3]].mean(), rtol=1e-12)
    np.testing.assert_allclose(test[2], scores.removals(scored["newton-re-evaluated"])[0][:, N:], rtol=1e-6)
    np.testing.assert_allclose(scores.removals(scored["newton"])[1], predicted, rtol=1e-12)


def test_of_a_network_at_the_convex_optimum_both_truths_are_one(network, tmp_path):
    _, table = compared(network, tmp_path, ONE, SEVERAL)
    both = [table[table.truth == truth].drop(columns="truth").reset_index(drop=True)
            for truth in ("network", f"convex-{L2:g}")]  # fmt: skip
    pd.testing.assert_frame_equal(*both, rtol=1e-6)
    found = table[
        (table.truth == "network") & table.share.isna() & (table.metric == "pearson") & (table.target == "own")
    ]
    # points of weight 3 move more, and the first order is further off
    assert len(found) == 2 and (found.value > (0.95 if network.own is None else 0.9)).all()
