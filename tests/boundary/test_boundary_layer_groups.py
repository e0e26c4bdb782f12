"""Weights boundary of groups in all layers: the definitions on one changed network, single members, padding, limits."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from attribution.boundary import groups_all_layers as boundary_layer_groups
from attribution.boundary import points as boundary
from attribution.boundary import points_all_layers as boundary_layers
from attribution.networks import precision
from attribution.numerics.residuals import predictions
from attribution.training import ensemble
from boundary_networks import dense, points, small

pytestmark = pytest.mark.slow

LOOP = 1e-6
GROUPS = [np.array([3, 1, 7]), np.array([0]), np.array([5, 8, 2, 9, 4]), np.array([6, 10])]
ADAM = {
    "optimizer": "adam",
    "learning_rate": 0.02,
    "momentum": 0.0,
    "epochs": 4,
    "schedule": [{"epoch": 2, "factor": 0.5}],
}
SGD = ADAM | {"optimizer": "sgd", "learning_rate": 0.2, "momentum": 0.9}


@pytest.fixture(scope="module")
def problem():
    model = small()
    x = points(model, 12)
    return model, x, np.random.default_rng(5).integers(0, 3, len(x))


class Changed:
    """One network whose parameters are changed in place: the definitions, step by step."""

    def __init__(self, model, x):
        self.network, self.x = precision.in_float64(model), x.astype(np.float64)
        self.variables = self.network.trainable_variables
        self.start = [v.numpy() for v in self.variables]
        self.before = self.logits()
        self.first = self.predict()

    def logits(self):
        return self.network(self.x, training=False).numpy()

    def predict(self):
        return predictions(self.logits())

    def norm(self):
        return np.sqrt(sum(((v.numpy() - w) ** 2).sum() for v, w in zip(self.variables, self.start, strict=True)))

    def deepfool_step(self, active):
        """One step for the mean of some points, past the boundary by the stated share of their gaps at the start."""
        top = np.sort(self.before[active], axis=1)
        extra = boundary_layer_groups.ITERATIVE_OVERSHOOT * (top[:, -1] - top[:, -2]).mean()
        best = (np.inf,)
        for c in range(3):
            pushed = [i for i in active if self.first[i] != c]
            if not pushed:
                continue
            with tf.GradientTape() as tape:
                f = self.network(self.x, training=False)
                gap = sum(f[i, c] - f[i, self.first[i]] for i in pushed) / len(pushed)
            g = tape.gradient(gap, self.variables)
            length = np.sqrt(sum((p.numpy() ** 2).sum() for p in g))
            if abs(gap) / length < best[0]:
                best = (float(abs(gap)) / length, g, length, (float(abs(gap)) + extra) / length**2)
        for v, p in zip(self.variables, best[1], strict=True):
            v.assign_add(best[3] * p)


def test_batch_is_deepfool_on_the_mean_of_those_not_yet_changed(problem):
    model, x, _ = problem
    before = [w.tobytes() for w in model.get_weights()]
    found = boundary_layer_groups.batch(model, x, GROUPS, slots=3)
    assert [w.tobytes() for w in model.get_weights()] == before
    assert found.solved.all() and (found.share == 1).all()
    for g, members in enumerate(GROUPS):
        alone = Changed(model, x)
        for _ in range(100):
            active = [i for i in members if alone.predict()[i] == alone.first[i]]
            if not active:
                break
            alone.deepfool_step(active)
        assert found.score[g] == pytest.approx(alone.norm(), rel=LOOP)
        s = len(members)
        assert (found.target[g, :s] != alone.first[members]).all() and (found.target[g, s:] == -1).all()


def test_universal_moves_one_member_after_another(problem):
    model, x, _ = problem
    found = boundary_layer_groups.universal(model, x, GROUPS, slots=3, orders=1, seed=4)
    assert found.solved.all()
    for g, members in enumerate(GROUPS):
        alone = Changed(model, x)
        order = members[np.random.default_rng((4, 0)).permutation(len(members))]
        while (alone.predict()[members] == alone.first[members]).any():
            for i in order:
                while alone.predict()[i] == alone.first[i]:
                    alone.deepfool_step([i])
        assert found.score[g] == pytest.approx(alone.norm(), rel=LOOP)
    best = boundary_layer_groups.universal(model, x, GROUPS, slots=3, orders=4, seed=4)
    assert best.solved.all() and (best.score <= found.score * (1 + 1e-9)).all() and (best.score < found.score).any()


@pytest.mark.parametrize("training", [ADAM, SGD])
def test_simple_is_the_optimiser_of_the_training_uphill(problem, training):
    model, x, _ = problem
    found = boundary_layer_groups.simple(model, x, GROUPS, training, slots=3, longest=1e3, max_steps=60)
    assert found.solved.any()
    for g, members in enumerate(GROUPS):
        alone = Changed(model, x)
        rate = 0.5 * training["learning_rate"]
        optimiser = keras.optimizers.Adam(rate) if training["optimizer"] == "adam" else keras.optimizers.SGD(rate, 0.9)
        optimiser.build(alone.variables)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        for step in range(61):
            if step and (alone.predict()[members] != alone.first[members]).all():
                break
            if step == 60:
                break
            with tf.GradientTape() as tape:
                total = -loss(alone.first[members], alone.network(alone.x[members], training=False))
            optimiser.apply(tape.gradient(total, alone.variables), alone.variables)
        assert found.steps[g] == step
        # the step sizes are float32, as Keras computes them
        assert found.norm[g] == pytest.approx(alone.norm(), rel=1e-4)
        changed = alone.predict()[members] != alone.first[members]
        assert found.share[g] == changed.mean() and found.solved[g] == changed.all()
        np.testing.assert_array_equal(found.target[g, : len(members)], alone.predict()[members])
    assert np.isnan(found.score[~found.solved]).all()


def test_simple_does_not_count_a_group_that_is_solved_beyond_the_limit(problem):
    model, x, _ = problem
    found = boundary_layer_groups.simple(model, x, GROUPS, ADAM, longest=1e3, max_steps=60)
    g = int(found.solved.argmax())
    for share, solved in ((1 + 1e-6, True), (1 - 1e-6, False)):
        limit = float(found.norm[g] * share)
        again = boundary_layer_groups.simple(model, x, GROUPS[g : g + 1], ADAM, longest=limit, max_steps=60)
        # the same step changes the last member either way
        assert again.steps[0] == found.steps[g] and again.share[0] == 1
        assert again.solved[0] == solved and np.isnan(again.score[0]) != solved


def test_groups_of_one_member_are_points(problem):
    model, x, _ = problem
    alone = boundary_layers.deepfool(model, x[:6])
    groups = [np.array([i]) for i in range(6)]
    for form in (boundary_layer_groups.batch, boundary_layer_groups.universal):
        found = form(model, x, groups)
        assert found.solved.all()
        beyond = found.score / alone.score - 1
        assert (beyond > -1e-9).all() and (beyond < 3 * boundary_layer_groups.ITERATIVE_OVERSHOOT).all()
        np.testing.assert_array_equal(found.target[:, 0], alone.target)


def test_slots_padding_and_order_of_groups_do_not_change_the_result(problem):
    model, x, _ = problem
    for form in (
        boundary_layer_groups.batch,
        boundary_layer_groups.universal,
        lambda model, x, groups, **keys: boundary_layer_groups.simple(model, x, groups, ADAM, **keys),
    ):
        base = form(model, x, GROUPS, slots=4)
        order = [2, 0, 3, 1]
        other = form(model, x, [GROUPS[g] for g in order], slots=1)
        for name in base._fields:
            np.testing.assert_allclose(getattr(other, name), getattr(base, name)[order], rtol=1e-7)


def test_two_classes_and_other_norms():
    model = small(columns=1)
    x = points(model, 12)
    for norm in boundary.DUAL:
        found = boundary_layer_groups.batch(model, x, GROUPS, norm)
        assert found.solved.any() and found.score[1] == pytest.approx(
            boundary_layers.deepfool(model, x[:1], norm).score[0], rel=0.06
        )
    assert boundary_layer_groups.simple(model, x, GROUPS, SGD).share.max() > 0


def test_what_is_not_solved_says_how_much_changed(problem):
    model, x, _ = problem
    few = boundary_layer_groups.batch(model, x, GROUPS, max_steps=1)
    assert not few.solved.all() and np.isnan(few.score[~few.solved]).all() and (few.norm > 0).all()
    assert (few.share[~few.solved] < 1).all() and (few.steps == 1).all()
    short = boundary_layer_groups.simple(model, x, GROUPS, ADAM, longest=1e-6)
    assert (short.steps == 1).all() and not short.solved.all()
    # equal samples of which one has to change its class and the other to keep it cannot both be moved by one bias
    twins = dense(2)
    both = boundary_layer_groups.universal(twins, np.concatenate([points(twins, 1)] * 2), [np.array([0, 1])])
    assert both.solved.all()
    with pytest.raises(ValueError, match="group 1 has no members"):
        boundary_layer_groups.batch(model, x, [GROUPS[0], np.array([], int)])
    with pytest.raises(ValueError, match="boundary orders is 0; allowed is 1 or more"):
        boundary_layer_groups.universal(model, x, GROUPS, orders=0)


def test_opposed_members_of_one_feature_stay_unsolved():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, layers.Dense(1, use_bias=False)(inputs))
    model.set_weights([np.ones((1, 1))])
    # the first predicts 1 whatever positive weight there is, the second 0: one weight changes both or none
    x = np.array([[1.0], [-1.0], [0.0]])
    found = boundary_layer_groups.universal(model, x, [np.array([0, 1]), np.array([0, 2])], max_passes=3)
    assert found.solved.tolist() == [True, False] and found.share.tolist() == [1.0, 0.5]
    assert ensemble.BETA_1 == 0.9
