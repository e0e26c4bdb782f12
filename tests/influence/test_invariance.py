"""What no score may depend on: the order of the training points, how many are taken at a time, which targets are asked.

Every method of the registry that gives pairs is held to it, under its name.
"""

from typing import NamedTuple

import numpy as np
import pytest

import trained_run
from attribution.curvature import gauss_newton, network, source
from attribution.influence import margin_gradients, points, rescaled, trak
from attribution.methods import base
from attribution.methods.retraining import datamodel_lasso
from attribution.numerics import hessian, similarity
from attribution.retraining import subsets
from attribution.training import ensemble, metagradient, replay, train
from attribution.workflow import registry
from trained_run import FEW, RECIPE, N

pytestmark = pytest.mark.slow

PAIRS = [name for name in registry.METHODS if "pairs" in registry.given(name)]
# other ways than those of the project's settings, for methods whose usual ways another method takes too
WAYS = {
    "ekfac": {"curvature.factors": "plain"},
    "trak-subsets": {"trak.projection": 12, "trak.blocks": 2},
}
# files that are made a batch at a time
OF_BATCHES = {"gradients", "hessian", "influence"}
# share of the largest score, for float32 networks and solvers that stop; a point that is left out changes a percent
CLOSE = 2e-4
ASKED = np.array([5, 0, 3, 6])


class ByPlace(NamedTuple):
    """A method that knows a training point by its place: why, and whether subsets held to the points mend it."""

    reason: str
    held: bool


BY_PLACE = {
    "random": ByPlace("a target's numbers are drawn for places, and belong to no point", False),
    "trak-subsets": ByPlace("subsets are drawn of places", True),
    "metagradient-subsets": ByPlace("subsets are drawn of places", True),
}
# solvers that go through points in their order, and are held to it where they go on
STOPPED = {"datamodel-lasso": (datamodel_lasso, "TOLERANCE", 1e-9)}
# bytes and numbers by which work is cut, each so that the last piece is short
LIMITS = [
    (margin_gradients, "BATCH_BYTES", 4 * 44), (network, "BATCH_BYTES", 6000), (network, "TARGETS", 2),
    (source, "KEPT_BYTES", 0), (trak, "ROWS", 5), (points, "CHUNK_BYTES", 5 * 168), (similarity, "CHUNK_BYTES", 160),
    (hessian, "CHUNK_ROWS", 5), (hessian, "CHUNK_FEATURES", 2), (metagradient, "TARGET_BYTES", 2 * 612),
    (ensemble, "BLOCK", 2), (ensemble, "MULTIPLE", 3), (gauss_newton, "KERNEL_BYTES", 0),
    # as defaults of arguments
    (network.kept_blocks, "__defaults__", (None, 0)), (trak.kernel, "__defaults__", (1, 0)),
    (rescaled.leverages, "__defaults__", (5,)),
]  # fmt: skip


class Runs(NamedTuple):
    """`order` (n,) of the shuffled files; `plain`, `shuffled` and, by points a pass, `batched`: files by name; `found`
    the scores (t, n) of each method on the plain files; `folder` of further files."""

    order: np.ndarray
    plain: dict
    shuffled: dict
    batched: dict
    found: dict
    folder: object


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder, own, order = tmp_path_factory.mktemp("runs"), trained_run.weights(), np.random.default_rng(8).permutation(N)
    plain = trained_run.write(folder / "plain", own)
    shuffled = trained_run.write(folder / "shuffled", own, order)
    batched = {size: trained_run.write(folder / f"batch-{size}", own, batch=size) for size in (1, 7)}
    return Runs(order, plain, shuffled, batched, {}, folder)


@pytest.fixture(autouse=True)
def solved(monkeypatch):
    """Solvers go on until no order can be seen."""
    for stopped in STOPPED.values():
        monkeypatch.setattr(*stopped)


@pytest.fixture(autouse=True)
def hollow(monkeypatch):
    """New arrays have no numbers: else what is left out finds those of the call before, which are right."""
    empty = np.empty

    def without_numbers(*given, **more):
        found = empty(*given, **more)
        if np.issubdtype(found.dtype, np.floating):
            found.fill(np.nan)
        return found

    monkeypatch.setattr(np, "empty", without_numbers)


def scores(runs, name, files, asked=ASKED, order=None, recipe=RECIPE, **changed):
    """(t, n) of a method on files whose training points are in this order."""
    if registry.told(name, "family") == "retraining":
        folder = runs.folder / f"subsets-{len(list(runs.folder.iterdir()))}"
        folder.mkdir()
        files = trained_run.with_subsets(files, folder, asked, order)
    run = trained_run.opened(name, files, recipe, **WAYS.get(name, {}) | changed)
    return np.asarray(base.resolve(registry.METHODS[name]).pairs(run, asked))


def plain_scores(runs, name):
    """Those of all points in their order, in one pass and with whole limits."""
    if name not in runs.found:
        runs.found[name] = scores(runs, name, runs.plain)
    return runs.found[name]


def apart(found, expected):
    """The largest difference, as a share of its target's largest score; what all points have in common is no score."""
    assert found.shape == expected.shape and np.isfinite(expected).all()
    if not np.isfinite(found).all():
        return np.inf
    size = np.abs(expected - expected.mean(axis=1, keepdims=True)).max(axis=1, keepdims=True)
    assert (size > 0).all()
    return (np.abs(found - expected) / size).max()


def hold_subsets(monkeypatch, order):
    drawn = subsets.random_subsets
    monkeypatch.setattr(subsets, "random_subsets", lambda *given: drawn(*given)[:, order])


def hold_batches(monkeypatch, order):
    """Every batch has the points at the places that it has unshuffled."""
    drawn, place = train.epoch_order, np.argsort(order)
    for module in (train, replay):
        monkeypatch.setattr(module, "epoch_order", lambda *given: place[drawn(*given)])


@pytest.mark.parametrize("name", PAIRS)
def test_points_in_another_order_have_the_same_scores(runs, name, monkeypatch):
    expected, by_place = plain_scores(runs, name)[:, runs.order], BY_PLACE.get(name)
    if by_place is not None:
        # where the draws stay, the order tells
        differs = apart(scores(runs, name, runs.shuffled, order=runs.order), expected)
        assert differs > 0.05, f"{name} is said to go by places, as {by_place.reason}"
        if not by_place.held:
            return
        hold_subsets(monkeypatch, runs.order)
    differs = apart(scores(runs, name, runs.shuffled, order=runs.order), expected)
    assert differs < CLOSE, name


@pytest.mark.parametrize("name", ["tracin", "trak-subsets"])
def test_a_training_by_batches_goes_by_places_in_its_batches_alone(runs, name, monkeypatch):
    # three batches, the last one short
    recipe = RECIPE | {"training": RECIPE["training"] | {"batch_size": 8}}
    changed = {"trak.subsets": FEW | {"alpha": 1.0, "networks": 1}}
    expected = scores(runs, name, runs.plain, recipe=recipe, **changed)[:, runs.order]
    found = scores(runs, name, runs.shuffled, order=runs.order, recipe=recipe, **changed)
    assert apart(found, expected) > CLOSE
    hold_batches(monkeypatch, runs.order)
    found = scores(runs, name, runs.shuffled, order=runs.order, recipe=recipe, **changed)
    assert apart(found, expected) < CLOSE


def batched(name):
    """Whether a method goes through points a batch at a time by a setting, or reads what was made so."""
    return "influence.batch_size" in registry.told(name, "settings") or OF_BATCHES & {*registry.told(name, "needs")}


@pytest.mark.parametrize("name", [name for name in PAIRS if batched(name)])
def test_points_a_pass_change_no_score(runs, name):
    # 7 leaves a short batch both of the points and of the points with the targets behind them
    assert N % 7 and (N + len(ASKED)) % 7
    for size in (1, 7):
        found = scores(runs, name, runs.batched[size], **{"influence.batch_size": size})
        differs = apart(found, plain_scores(runs, name))
        assert differs < CLOSE, f"{name} with {size} points a pass"


@pytest.mark.parametrize("name", PAIRS)
def test_neither_limits_of_memory_nor_targets_asked_change_a_score(runs, name, monkeypatch):
    expected = plain_scores(runs, name)
    # fewer of them, in another order, and of an odd number
    places = [3, 1, 0]
    with monkeypatch.context() as small:
        for holder, limit, value in LIMITS:
            small.setattr(holder, limit, value)
        if apart(scores(runs, name, runs.plain, ASKED[places]), expected[places]) < CLOSE:
            return
        # which of both it is
        within = apart(scores(runs, name, runs.plain), expected)
    others = apart(scores(runs, name, runs.plain, ASKED[places]), expected[places])
    pytest.fail(f"{name} differs by {within:.2g} with small limits, by {others:.2g} when asked about other targets")


def test_every_exception_is_a_method_that_gives_pairs():
    assert {*BY_PLACE, *WAYS, *STOPPED, *trained_run.CONVOLVED} <= {*PAIRS}
