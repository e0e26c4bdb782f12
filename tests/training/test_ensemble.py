"""Many networks at once: equal to one at a time by Keras, independent of neighbours, and refusing what cannot be."""

import keras
import numpy as np
import pytest

from attribution.data import toy
from attribution.networks import build as models
from attribution.retraining import subsets
from attribution.training import ensemble
from attribution.training import train as training
from attribution.workflow import shards

pytestmark = pytest.mark.slow

STEPS = {"rtol": 2e-3, "atol": 2e-5}  # float32, two orders of summation, some hundred steps
DISCS = [
    {"name": "left", "class": "red", "centre": (-2, 0), "radius": 1.0, "train": 12, "test": 5},
    {"name": "right", "class": "red", "centre": (2, 0), "radius": 1.0, "train": 12, "test": 5},
    {"name": "blue", "class": "blue", "centre": (0, 0), "radius": 1.0, "train": 26, "test": 5},
]
ADAM = {"optimizer": "adam", "learning_rate": 1e-2, "momentum": 0.0, "epochs": 4, "batch_size": 16,
        "schedule": [{"epoch": 2, "factor": 0.5}]}  # fmt: skip
SGD = ADAM | {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9}
RECIPE = {"architecture": "mlp", "hidden": [8, 6], "dropout": 0.0, "l1": 1e-3, "l2": 1e-2, "training": ADAM}


@pytest.fixture
def points():
    arrays = toy.draw(DISCS, ["blue", "red"], 0.1, 0)
    return arrays["x_train"], arrays["y_train"], arrays["subgroup_train"]


class KeptRows(keras.utils.PyDataset):
    """The batches of one epoch, without the points that a mask leaves out; a batch that keeps none is not there."""

    def __init__(self, x, y, mask, order, batch_size):
        super().__init__()
        self.x, self.y = x, y
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        self.batches = [batch[mask[batch]] for batch in batches if mask[batch].any()]

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.x[self.batches[index]], self.y[self.batches[index]]


def fitted_alone(recipe, x, y, mask, seed, classes):
    """Weights after `model.fit` of one network on the points of one mask."""
    model = models.build(recipe, x.shape[1:], classes, seed)
    steps = recipe["training"]
    model.compile(optimizer=training.optimizer(steps), loss=training.loss(model.output_shape[-1]))
    targets = y[:, None].astype("float32") if classes == 2 else y
    for epoch in range(steps["epochs"]):
        model.optimizer.learning_rate = training.learning_rate(steps, epoch)
        order = training.epoch_order(seed, epoch, len(x))
        model.fit(KeptRows(x, targets, mask, order, steps["batch_size"]), shuffle=False, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize(("steps", "classes"), [(ADAM, 2), (SGD, 2), (ADAM, 3)])
def test_without_dropout_each_member_equals_model_fit_alone(points, steps, classes):
    x, y, subgroup = points
    y = y if classes == 2 else subgroup
    recipe = RECIPE | {"training": steps}
    masks = np.concatenate([np.ones((1, len(x)), bool), subsets.leave_one_out(len(x))[[3]],
                            subsets.random_subsets(len(x), 0.5, 0, 1, 0, subsets.SUBSETS)])  # fmt: skip
    found = ensemble.train(recipe, (2,), classes, x, y, masks, np.arange(3), 7, "test")
    for member, mask in enumerate(masks):
        for ours, theirs in zip(found, fitted_alone(recipe, x, y, mask, 7, classes), strict=True):
            np.testing.assert_allclose(ours[member], theirs, **STEPS)
    # and the three differ from each other by far more than the tolerance
    assert np.abs(found[0][0] - found[0][1]).max() > 10 * STEPS["atol"]
    assert np.abs(found[0][0] - found[0][2]).max() > 100 * STEPS["atol"]


def test_a_whole_member_equals_the_training_of_the_workflow(points, tmp_path):
    x, y, _ = points
    model = models.build(RECIPE, (2,), 2, 3)
    training.train(model, x, y, x, y, ADAM, 3, tmp_path, "test")
    found = ensemble.train(RECIPE, (2,), 2, x, y, np.ones((1, len(x)), bool), np.zeros(1, int), 3, "test")
    for ours, theirs in zip(found, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours[0], theirs, **STEPS)
    logits = ensemble.logits(found, x)[0]
    np.testing.assert_allclose(logits, model.predict(x, verbose=0), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("dropout", [0.5, 0.3])
def test_with_dropout_a_member_alone_equals_the_same_member_among_many(points, dropout):
    x, y, _ = points
    recipe = RECIPE | {"dropout": dropout}
    masks = subsets.random_subsets(len(x), 0.75, 0, 150, 0, subsets.SUBSETS)
    ids = subsets.member_ids(0, 150, subsets.SUBSETS)
    many = ensemble.train(recipe, (2,), 2, x, y, masks, ids, 0, "test", workers=2)
    # 149 stands in the second block
    for member in (0, 17, 149):
        alone = ensemble.train(recipe, (2,), 2, x, y, masks[[member]], ids[[member]], 0, "test")
        for a, b in zip(alone, many, strict=True):
            np.testing.assert_array_equal(a[0], b[member])
    again = ensemble.train(recipe, (2,), 2, x, y, masks[:2], ids[[1, 0]], 0, "test")
    assert np.abs(again[0][0] - many[0][0]).max() > 1e-3, "the id must choose the dropout masks"
    kept = ensemble.train(recipe, (2,), 2, x, y, masks[[5, 5]], ids[[5, 5]], 0, "test")
    np.testing.assert_array_equal(kept[0][0], kept[0][1])


def test_shards_are_slices_of_one_draw():
    whole = subsets.random_subsets(50, 0.25, 0, 30, 4, subsets.SUBSETS)
    parts = [subsets.random_subsets(50, 0.25, *shards.shard_range([7, 3, 20], s), 4, subsets.SUBSETS) for s in range(3)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (whole.sum(axis=1) == 12).all()
    held = subsets.random_subsets(50, 0.25, 0, 30, 4, subsets.HELD_OUT)
    assert not (held[:, None] == whole[None]).all(axis=2).any()
    assert shards.shards_for([7, 3, 20], 7) == [0] and shards.shards_for([7, 3, 20], 11) == [0, 1, 2]
    with pytest.raises(ValueError, match=r"31 subsets were asked for, but datamodels.shards hold 30"):
        shards.shards_for([7, 3, 20], 31)


def test_removals_leave_every_class(points):
    x, y, _ = points
    drawn = subsets.groups(x, y, [0.02, 0.3], 4, 0)
    assert drawn.masks.shape == (24, len(x)) and (~drawn.masks).any(axis=1).all()
    for mask in drawn.masks[drawn.kind == "class"]:
        assert len(np.unique(y[~mask])) == 1 and len(np.unique(y[mask])) == 2
    np.testing.assert_array_equal(drawn.masks, subsets.groups(x, y, [0.02, 0.3], 4, 0).masks)


def test_empty_subsets_and_other_networks_are_refused(points):
    x, y, _ = points
    masks = np.ones((3, len(x)), bool)
    masks[1] = False
    with pytest.raises(ValueError, match=r"1 of 3 subsets have 0 members, the first is number 1; every network needs"):
        ensemble.train(RECIPE, (2,), 2, x, y, masks, np.arange(3), 0, "test")
    with pytest.raises(ValueError, match="networks are trained at once for mlp only"):
        ensemble.train(RECIPE | {"architecture": "cnn"}, (2,), 2, x, y, masks[:1], np.arange(1), 0, "test")
    with pytest.raises(ValueError, match=r"datamodels.alphas holds 0.001, which of 50 points leaves none"):
        subsets.random_subsets(50, 0.001, 0, 1, 0, subsets.SUBSETS)
    diverging = RECIPE | {"training": SGD | {"learning_rate": 1e30}}
    with pytest.raises(RuntimeError, match=r"1 of 1 networks diverged, .* lower models.NAME.training.learning_rate"):
        ensemble.train(diverging, (2,), 2, x, y, masks[:1], np.arange(1), 0, "test")
