"""Train many small networks at once: one network with an extra leading axis, and a sample mask for each member.

Removing a training point is a mask of 0: same initial weights, same batches in the same order, and the loss of a batch
is divided by the number of its points that remain; weights of classes multiply losses, and divide nothing. A member to
which a batch leaves no point skips that batch: no penalty, no momentum, no count of Adam's steps, as if it trained
alone and the batch were not there.
"""

import functools
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import tensorflow as tf

from attribution.networks import build as models
from attribution.networks.architectures import mlp
from attribution.runtime import log
from attribution.settings import recipes
from attribution.training import class_weights, dropout
from attribution.training import train as training
from attribution.training.programs import updated
from attribution.training.schedule import BETA_1, BETA_2, epsilon

# Members that train together: enough to hide the cost of a call, few enough to stay in a core's cache.
BLOCK = 128
# Blocks are filled up to a multiple of this, so that a member's arithmetic does not depend on its neighbours.
MULTIPLE = 16
# Separates the dropout masks from every other use of the seed.
DROPOUT_STREAM = 0xD20


def train(
    recipe: dict,
    input_shape: tuple,
    classes: int,
    x: np.ndarray,
    y: np.ndarray,
    masks: np.ndarray,
    member_ids: np.ndarray,
    seed: int,
    label: str,
    noise: int = 0,
    workers: int = 1,
    of_run: bool = False,
) -> list[np.ndarray]:
    """Train one `mlp` a mask, all with the same initial weights and batch order.

    Args:
        recipe: `architecture` mlp, `hidden`, `dropout`, `l1`, `l2` and `training` (see `training.train`).
        input_shape: of one sample. classes: number of classes; two give one logit.
        x: (n, *input_shape), any float; computed in float32. y: (n,) integers.
        masks: (M, n) bool, True where the member sees the point; or float64, weight of the point in the mean loss of
            its batch.
        member_ids: (M,) integers >= 0. They choose the dropout masks and nothing else, so a member with the same mask
            and id ends with the same weights whoever trains beside it, and two members of one id differ by their
            masks alone.
        seed: of initial weights, batch order and dropout, as in `models.build` and `training.epoch_order`.
        label: names the training in messages.
        noise: 0 for the training above; k > 0 for its k-th repetition from other initial weights, batch orders and
            dropout masks, the same for every member: what of a difference between members is chance.
        workers: threads, each with a block of members; does not change the result.
        of_run: whether all members take the dropout masks that the run itself draws (see `dropout.masks`), so that the
            member of all points is the run's own network; the ids then choose nothing.

    Returns:
        float32 arrays in the order of `keras.Model.get_weights`, kernels (M, in, out) and biases (M, out).

    Raises:
        ValueError: where `recipes.one_by_one` says why not, the arrays do not fit, or a mask keeps no point.
        RuntimeError: when weights end as NaN or infinity.
    """
    masks, member_ids = np.asarray(masks), np.asarray(member_ids)
    check(recipe, x, y, masks, member_ids)
    seed = repetition(seed, noise)
    network = models.fresh(mlp.build, recipe, input_shape, classes, seed)
    initial, keep = network.get_weights(), None
    if of_run and recipe["dropout"]:
        keep = kept_by_run(network, recipe["training"], len(x))
    flat = np.asarray(x, dtype=np.float32).reshape(len(x), -1)
    starts = range(0, len(masks), BLOCK)

    def block(start: int) -> list[np.ndarray]:
        part = slice(start, start + BLOCK)
        return train_block(recipe, initial, flat, np.asarray(y), masks[part], member_ids[part], seed, keep)

    with ThreadPoolExecutor(workers) as pool:
        blocks = list(log.progress(pool.map(block, starts), label, len(starts)))
    weights = [np.concatenate(arrays) for arrays in zip(*blocks, strict=True)]
    broken = sorted({int(i) for w in weights for i in np.flatnonzero(~np.isfinite(w).reshape(len(w), -1).all(axis=1))})
    if broken:
        raise RuntimeError(
            f"{label}: {len(broken)} of {len(masks)} networks diverged, the first with member id "
            f"{member_ids[broken[0]]}; lower models.NAME.training.learning_rate"
        )
    return weights


def check(recipe: dict, x: np.ndarray, y: np.ndarray, masks: np.ndarray, member_ids: np.ndarray) -> None:
    """Raise ValueError, in one sentence, for what `train` cannot train."""
    reason = recipes.one_by_one(recipe)
    if reason:
        raise ValueError(reason)
    if recipe["training"]["optimizer"] not in ("adam", "sgd"):
        raise ValueError(
            f"models.NAME.training.optimizer is '{recipe['training']['optimizer']}'; it must be adam or sgd"
        )
    if masks.ndim != 2 or masks.dtype not in (bool, float) or masks.shape[1] != len(x) or len(y) != len(x):
        raise ValueError(
            f"masks are {masks.dtype} of shape {masks.shape} for {len(x)} points and {len(y)} labels; "
            "give one row of booleans or of float64 weights a network, one column a training point"
        )
    if not (masks >= 0).all():
        raise ValueError(f"weights of training points go down to {masks.min():g}; give 0 or more")
    if len(member_ids) != len(masks) or member_ids.min(initial=0) < 0:
        raise ValueError(f"{len(masks)} masks need as many member ids >= 0, not {member_ids.tolist()[:5]}...")
    if not masks.any(axis=1).all() or not len(masks):
        empty = np.flatnonzero(~masks.any(axis=1))
        raise ValueError(
            f"{len(empty)} of {len(masks)} subsets have 0 members"
            + (f", the first is number {empty[0]}" if len(empty) else "")
            + "; every network needs at least one training point"
        )


def repetition(seed: int, noise: int) -> int:
    """Seed of the noise-th repetition of a training; 0 is the training itself."""
    return int(np.random.SeedSequence((seed, noise)).generate_state(1)[0]) if noise else seed


def train_block(
    recipe: dict,
    initial: list[np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    masks: np.ndarray,
    member_ids: np.ndarray,
    seed: int,
    keep: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Train up to BLOCK members; arguments as in `train`, `x` flattened to (n, features), `keep` of `kept_by_run`."""
    setting, count, n = recipe["training"], len(masks), len(x)
    of_points = class_weights.of_labels(y, recipe.get("class_weights"))
    fill = -count % MULTIPLE
    masks = np.concatenate([masks, np.repeat(masks[:1], fill, axis=0)])
    rows = min(setting["batch_size"], n)
    batches = -(-n // rows)
    # dropout only: bytes where they express the rate exactly, else two of them a unit
    drops = float(recipe["dropout"] or 0.0)
    kind = np.uint8 if (drops * 256).is_integer() else np.uint16
    shape = (batches, rows, sum(recipe["hidden"]) if drops else 0)
    generators = [np.random.Generator(np.random.SFC64((DROPOUT_STREAM, seed, int(i)))) for i in member_ids]
    bits = np.zeros((1 if keep is not None else len(masks), *shape), dtype=kind)

    epoch_step = compiled(
        drops, recipe["l1"], recipe["l2"], setting["optimizer"], float(setting["momentum"] or 0.0), epsilon(setting)
    )  # fmt: skip
    weights = [tf.constant(np.repeat(w[None], len(masks), axis=0)) for w in initial]
    slots = [[tf.zeros_like(w) for w in weights] for _ in range(2)]
    steps = np.zeros(len(masks), dtype=np.int64)
    for epoch in range(setting["epochs"]):
        # the last batch is filled up with points of weight 0
        order = training.epoch_order(seed, epoch, n)
        order = np.concatenate([order, np.zeros(-n % rows, dtype=order.dtype)])
        kept = masks[:, order]
        kept[:, n:] = False
        kept = kept.reshape(len(masks), batches, rows).swapaxes(0, 1)
        remaining = kept.sum(axis=2)
        share = kept / np.where(remaining > 0, remaining, 1)[:, :, None]
        if of_points is not None:
            share *= of_points[order].reshape(batches, 1, rows)
        share = share.astype(np.float32)
        rate = step_sizes(setting, epoch, steps + np.cumsum(remaining > 0, axis=0))
        steps += (remaining > 0).sum(axis=0)
        if keep is not None:
            # the largest number is kept at any rate, 0 is dropped
            bits[0] = np.where(keep[epoch], np.iinfo(kind).max, 0)
        elif drops:
            for row, generator in zip(bits, generators, strict=False):
                row[...] = np.frombuffer(generator.bytes(row.nbytes), dtype=kind).reshape(shape)
        batch_x = x[order].reshape(batches, rows, -1)
        batch_y = y[order].reshape(batches, rows).astype(np.int32)
        weights, slots = epoch_step(weights, slots, batch_x, batch_y, share, remaining > 0, rate, bits)
    return [w.numpy()[:count] for w in weights]


def kept_by_run(network: keras.Model, setting: dict, n: int) -> np.ndarray:
    """(epochs, batches, rows, units) bool: what the run's own dropout keeps; rows that fill the last batch are False.

    Args:
        network: freshly built with the run's seed. setting: the recipe's `training`. n: training points.
    """
    size = min(setting["batch_size"], n)
    rows = [size] * (n // size) + ([n % size] if n % size else [])
    drawn = dropout.masks(network, rows * setting["epochs"])
    keep = np.zeros((setting["epochs"], len(rows), size, drawn[0].shape[1] if drawn else 0), dtype=bool)
    for place, mask in enumerate(drawn):
        keep[*divmod(place, len(rows)), : len(mask)] = mask
    return keep


def step_sizes(setting: dict, epoch: int, step: np.ndarray) -> np.ndarray:
    """float32 learning rates, for Adam with its bias correction, in float32 powers as Keras computes it.

    Args:
        setting: the recipe's `training`. epoch: from 0. step: (batches, M) Adam's step count, from 1.
    """
    rate = np.float32(training.learning_rate(setting, epoch))
    if setting["optimizer"] == "sgd":
        return np.full(step.shape, rate)
    t = np.maximum(step, 1).astype(np.float32)
    one = np.float32(1)
    return rate * np.sqrt(one - np.power(np.float32(BETA_2), t)) / (one - np.power(np.float32(BETA_1), t))


@functools.lru_cache
def compiled(drops: float, l1: float, l2: float, optimizer: str, momentum: float, small: float):
    """One epoch of M networks as one XLA program.

    Returns:
        function (weights, slots, x (batches, rows, features), y (batches, rows), share (batches, M, rows) each point's
        weight in its batch's loss, active (batches, M), rate (batches, M), bits (M or 1, batches, rows, units)) ->
        weights, slots.
    """

    def forward(weights: list, x: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
        h, unit = x, 0
        for layer in range(0, len(weights), 2):
            kernel, bias = weights[layer], weights[layer + 1]
            z = tf.einsum("bf,mfo->mbo", h, kernel) if layer == 0 else tf.matmul(h, kernel)
            h = z + bias[:, None, :]
            if layer == len(weights) - 2:
                return h
            h = tf.nn.relu(h)
            if drops:
                levels = 256**bits.dtype.size
                keep = bits[:, :, unit : unit + h.shape[-1]] >= tf.constant(round(drops * levels), bits.dtype)
                h *= tf.where(keep, np.float32(1 / (1 - drops)), np.float32(0))
                unit += h.shape[-1]

    def gradients(weights: list, x: tf.Tensor, y: tf.Tensor, share: tf.Tensor, bits: tf.Tensor) -> list:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            s = forward(weights, x, bits)
            if s.shape[-1] == 1:
                target = tf.broadcast_to(tf.cast(y, s.dtype), s.shape[:2])
                losses = tf.nn.sigmoid_cross_entropy_with_logits(target, s[:, :, 0])
            else:
                target = tf.broadcast_to(tf.one_hot(y, s.shape[-1]), s.shape)
                losses = tf.nn.softmax_cross_entropy_with_logits(target, s)
            # members share no weight: the gradient of the sum is every member's own
            total = tf.reduce_sum(losses * share)
        found = tape.gradient(total, weights)
        # kernels are penalised, biases are not
        for i in range(0, len(weights), 2):
            found[i] += l1 * tf.sign(weights[i]) + 2 * l2 * weights[i]
        return found

    @tf.function(jit_compile=True)
    def epoch(weights, slots, x, y, share, active, rate, bits):
        def batch(i, weights, slots):
            result = [[], [], []]
            for w, a, b, g in zip(
                weights, *slots, gradients(weights, x[i], y[i], share[i], bits[:, i]), strict=True
            ):  # fmt: skip
                alone = [-1] + [1] * (w.shape.rank - 1)
                now = tf.reshape(active[i], alone)
                new = updated(w, a, b, g, tf.reshape(rate[i], alone), optimizer == "sgd", momentum, small)
                for kept, after, before in zip(result, new, (w, a, b), strict=True):
                    kept.append(tf.where(now, after, before))
            return i + 1, result[0], result[1:]

        _, weights, slots = tf.while_loop(lambda i, *_: i < len(x), batch, (0, weights, slots))
        return weights, slots

    return epoch


def logits(weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Outputs of every member in inference mode.

    Args:
        weights: from `train`. x: (t, *input_shape).

    Returns:
        (M, t, C) float32.
    """
    flat = np.asarray(x, dtype=np.float32).reshape(len(x), -1)
    result = np.empty((len(weights[0]), len(flat), weights[-1].shape[-1]), dtype=np.float32)
    for start in range(0, len(result), BLOCK):
        part = slice(start, start + BLOCK)
        h = flat
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            h = np.maximum(h @ kernel[part] + bias[part, None], 0)
        result[part] = h @ weights[-2][part] + weights[-1][part, None]
    return result
