"""Networks of a user's own, layer by layer, in both scopes, against plain NumPy and its finite differences.

`pytest tests/training/test_network_table.py -rP` shows the largest differences of each.
"""

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import ops

import numpy_layers as plain
from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN, PARAMETERS
from attribution.influence import all_layers, features
from attribution.influence import all_layers_files as network_files
from attribution.networks import build as models
from attribution.networks import precision
from attribution.numerics.residuals import cross_entropy, residuals

pytestmark = pytest.mark.slow

LAST_LAYER = 1e-6  # of the largest value: features come from a float32 network
ALL_LAYERS = 1e-13  # of logits, relative to the largest: no part may be float32
GRADIENTS = 1e-6  # central differences of plain NumPy
STEP = 1e-6
N, CLASSES = 7, 3
NETWORKS = {}


def samples(*shape, tokens=None):
    rng = np.random.default_rng(2)
    if tokens:
        found = rng.integers(1, tokens, (N, *shape))
        found[np.arange(shape[0]) >= rng.integers(2, shape[0] + 1, N)[:, None]] = 0  # 0 fills up
        return found
    return rng.normal(size=(N, *shape)).astype(np.float32)


TABLE, IMAGE, SEQUENCE, TEXT = samples(4), samples(8, 8, 4), samples(5, 4), samples(6, tokens=9)


def network(x, **settings):
    """Register `build`, which gives a network ending in a Dense layer "scores" and the NumPy function of its input."""

    def register(build):
        NETWORKS[build.__name__] = (build, x, settings)
        return build

    return register


def through(inputs, *parts, outputs=CLASSES, **last):
    x = inputs
    for part in parts:
        x = part(x)
    return keras.Model(inputs, L.Dense(outputs, name="scores", **last)(x))


@network(TABLE)
def dense():
    model = through(keras.Input((4,)), L.Dense(5, "tanh", name="a"), activation="softmax")
    return model, lambda w, x: np.tanh(plain.dense(w, "a", x))


@network(TABLE, classes=2)
def sigmoid_at_the_end():
    model = through(keras.Input((4,)), L.Dense(5, "gelu", name="a"), outputs=1, activation="sigmoid")
    return model, lambda w, x: plain.gelu(plain.dense(w, "a", x))


@network(IMAGE)
def convolution_and_pooling():
    model = through(
        keras.Input((8, 8, 4)), L.Conv2D(3, 3, activation="tanh", name="a"), L.MaxPooling2D(), L.AveragePooling2D(3, 1),
        L.Flatten(),
    )  # fmt: skip

    def function(w, x):
        x = plain.pooled(np.tanh(plain.convolution(w, "a", x)), np.max)
        return plain.flat(plain.windows(x, 3).mean(axis=(3, 4)))

    return model, function


@network(IMAGE)
def depthwise_and_separable():
    model = through(
        keras.Input((8, 8, 4)), L.DepthwiseConv2D(3, activation="tanh", name="a"), L.SeparableConv2D(3, 2, name="b"),
        L.GlobalAveragePooling2D(),
    )  # fmt: skip
    return model, lambda w, x: plain.separable(w, "b", np.tanh(plain.depthwise(w, "a", x))).mean((1, 2))


@network(IMAGE)
def batch_normalization():
    model = through(keras.Input((8, 8, 4)), L.BatchNormalization(name="a"), L.GlobalMaxPooling2D())
    return model, lambda w, x: plain.batch_norm(w, "a", x).max((1, 2))


@network(SEQUENCE)
def layer_normalization():
    model = through(keras.Input((5, 4)), L.LayerNormalization(name="a"), L.Flatten())
    return model, lambda w, x: plain.flat(plain.layer_norm(w, "a", x))


@network(IMAGE)
def group_normalization():
    model = through(keras.Input((8, 8, 4)), L.GroupNormalization(2, name="a"), L.GlobalMaxPooling2D())
    return model, lambda w, x: plain.group_norm(w, "a", x, 2).max((1, 2))


@network(TABLE)
def spectral_normalization():
    # in inference the wrapper applies the kernel as the last training step left it
    model = through(keras.Input((4,)), L.SpectralNormalization(L.Dense(5, "tanh", name="inner"), name="a"))
    return model, lambda w, x: np.tanh(plain.dense(w, "inner", x))


@network(TABLE * 3 + 50)
def normalization():
    layer = L.Normalization(name="norm")
    layer.adapt(TABLE * 2 + 49)
    model = through(keras.Input((4,)), layer, L.Dense(5, "tanh", name="a"))

    def function(w, x):
        return np.tanh(plain.dense(w, "a", (x - w("norm/mean")) / np.sqrt(w("norm/variance"))))

    return model, function


@network(TABLE)
def discretization():
    model = through(
        keras.Input((4,)), L.Discretization(bin_boundaries=[-0.5, 0.0, 0.7], output_mode="one_hot"), L.Flatten(),
        L.Dense(5, "tanh", name="a"),
    )  # fmt: skip

    def function(w, x):
        return np.tanh(plain.dense(w, "a", plain.flat(np.eye(4)[np.searchsorted([-0.5, 0.0, 0.7], x, "right")])))

    return model, function


@network(TEXT * 11, dtype="int64")
def lookup():
    layer = L.IntegerLookup(vocabulary=[11, 33, 55, 77], name="table")  # what is not in it becomes number 0
    model = through(keras.Input((6,), dtype="int64"), layer, L.Embedding(6, 3, name="a"), L.GlobalAveragePooling1D())

    def function(w, x):
        numbers = np.zeros_like(x)
        for number, token in enumerate([11, 33, 55, 77]):
            numbers[x == token] = number + 1
        return plain.embedding(w, "a", numbers).mean(1)

    return model, function


@network(TEXT, dtype="int32")
def embedding_with_mask():
    model = through(
        keras.Input((6,), dtype="int32"), L.Embedding(9, 3, mask_zero=True, name="a"), L.GlobalAveragePooling1D()
    )
    return model, lambda w, x: plain.masked_mean(plain.embedding(w, "a", x), x != 0)


@network(TEXT)
def lstm():
    model = through(keras.Input((6,)), L.Embedding(9, 3, mask_zero=True, name="a"), L.LSTM(4, name="b"))
    return model, lambda w, x: plain.lstm(w, "b", plain.embedding(w, "a", x.astype(int)), x != 0)


@network(SEQUENCE)
def gru():
    model = through(keras.Input((5, 4)), L.GRU(3, name="b"))
    return model, lambda w, x: plain.gru(w, "b", x, np.ones(x.shape[:2], bool))


@network(SEQUENCE)
def attention():
    inputs = keras.Input((5, 4))
    x = L.Attention()([inputs, L.Dense(4, name="a")(inputs)])
    x = x + L.MultiHeadAttention(2, 3, name="heads")(x, x)
    model = keras.Model(inputs, L.Dense(CLASSES, name="scores")(L.Flatten()(x)))

    def function(w, x):
        x = plain.attention(x, plain.dense(w, "a", x))
        return plain.flat(x + plain.multi_head(w, "heads", x))

    return model, function


@network(IMAGE)
def rescaling_and_augmentation():
    augmentation = keras.Sequential(
        [
            L.Rescaling(0.5, 0.1),
            L.RandomFlip(),
            L.RandomTranslation(0.2, 0.2),
            L.RandomRotation(0.1),
            L.GaussianNoise(1),
        ]
    )
    model = through(keras.Input((8, 8, 4)), augmentation, L.Conv2D(3, 3, name="a"), L.Dropout(0.5), L.Flatten())
    return model, lambda w, x: plain.flat(plain.convolution(w, "a", plain.rescaled(x, 0.5, 0.1)))


@network(TABLE)
def nested_two_levels():
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, "tanh", name="a")], name="inner")
    middle = keras.Input((4,))
    outer = keras.Model(middle, inner(middle) + 0.5 * middle, name="outer")
    model = keras.Sequential([keras.Input((4,)), L.Dense(4, "tanh", name="b"), outer, L.Dense(CLASSES, name="scores")])

    def function(w, x):
        b = np.tanh(plain.dense(w, "b", x))
        return np.tanh(plain.dense(w, "a", b)) + 0.5 * b

    return model, function


@network(TABLE)
def skip_by_operators():
    inputs = keras.Input((4,))
    x = L.Dense(4, "tanh", name="a")(inputs)
    x = ops.cast(x + L.Dense(4, "tanh", name="b")(x) * 2, "float32")
    x = ops.concatenate([x, ops.where(x > 0, x, ops.zeros_like(x)), (inputs - np.float32(0.3)) / 7], axis=-1)
    model = keras.Model(inputs, L.Dense(CLASSES, name="scores")(x))

    def function(w, x):
        a = np.tanh(plain.dense(w, "a", x))
        b = a + 2 * np.tanh(plain.dense(w, "b", a))
        return np.concatenate([b, np.maximum(b, 0), (x - np.float32(0.3)) / 7], axis=1)

    return model, function


@network(TABLE)
def skip_by_layers():
    inputs = keras.Input((4,))
    x = L.Dense(4, "tanh", name="a")(inputs)
    x = L.Add()([x, L.Dense(4, "tanh", name="b")(x)])
    model = keras.Model(inputs, L.Dense(CLASSES, name="scores")(L.Concatenate()([x, inputs])))

    def function(w, x):
        a = np.tanh(plain.dense(w, "a", x))
        return np.concatenate([a + np.tanh(plain.dense(w, "b", a)), x], axis=1)

    return model, function


@network(TABLE)
def shared_layer():
    inputs, layer = keras.Input((4,)), L.Dense(4, "tanh", name="a")
    model = keras.Model(inputs, L.Dense(CLASSES, name="scores")(layer(layer(inputs))))
    return model, lambda w, x: np.tanh(plain.dense(w, "a", np.tanh(plain.dense(w, "a", x))))


@network(TABLE)
def frozen_layer():
    model = through(keras.Input((4,)), L.Dense(4, "tanh", name="a", trainable=False), L.Dense(5, "tanh", name="b"))
    return model, lambda w, x: np.tanh(plain.dense(w, "b", np.tanh(plain.dense(w, "a", x))))


@network(TABLE)
def mixed_float16():
    keras.config.set_dtype_policy("mixed_float16")
    inputs = keras.Input((4,))
    x = L.Dense(4, "tanh", name="a")(inputs)
    x = x + L.Dense(4, "tanh", name="b")(x)
    model = keras.Model(inputs, L.Dense(CLASSES, name="scores", dtype="float32")(x))
    keras.config.set_dtype_policy("float32")

    def function(w, x):
        a = np.tanh(plain.dense(w, "a", x))
        return a + np.tanh(plain.dense(w, "b", a))

    return model, function


@network(np.random.default_rng(4).normal(size=(N, 4)), last_layer=1e-14)
def float64_throughout():
    keras.config.set_dtype_policy("float64")
    model = through(keras.Input((4,), dtype="float64"), L.Dense(5, "tanh", name="a"))
    keras.config.set_dtype_policy("float32")
    return model, lambda w, x: np.tanh(plain.dense(w, "a", x))


@network((TABLE * 50 + 100).astype(np.uint8), rescale={"from": [0, 255], "to": [-1, 1]})
def rescale_in_front():
    model = through(keras.Input((4,)), L.Dense(5, "tanh", name="a"))
    return model, lambda w, x: np.tanh(plain.dense(w, "a", plain.rescaled(x, 2 / 255, -1)))


def moved(model):
    """Every variable that is trained, and every moving statistic, at some value of its own."""
    rng = np.random.default_rng(7)
    for variable in model.weights:
        if variable.path.startswith(("norm/", "table/")) or "seed" in variable.path or "vector_u" in variable.path:
            continue
        value = rng.normal(size=variable.shape) * 0.5
        variable.assign(value**2 + 0.5 if "variance" in variable.path else value)
    return model


def lookups(model, theta=None):
    """Variables of the original network by the end of their path, in float64; those of `theta` in place of its own."""
    found = {v.path: np.asarray(keras.ops.convert_to_numpy(v), np.float64) for v in model.weights}
    if theta is not None:
        start = 0
        for variable in model.trainable_variables:
            size = int(np.prod(variable.shape))
            found[variable.path] = theta[start : start + size].reshape(variable.shape)
            start += size

    def lookup(ending):
        hits = [value for path, value in found.items() if path == ending or path.endswith("/" + ending)]
        assert len(hits) == 1, (ending, sorted(found))
        return hits[0]

    return lookup


def assign(model, theta):
    start = 0
    for variable in model.trainable_variables:
        size = int(np.prod(variable.shape))
        variable.assign(theta[start : start + size].reshape(variable.shape))
        start += size


def share(found, expected):
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_computes_what_plain_numpy_computes(name, tmp_path):
    build, x, settings = NETWORKS[name]
    keras.utils.set_random_seed(1)
    theirs, function = build()
    moved(theirs).save(tmp_path / "mine.keras")
    recipe = {"architecture": "keras-file", "path": str(tmp_path / "mine.keras")}
    recipe |= {"rescale": settings["rescale"]} if "rescale" in settings else {}
    classes = settings.get("classes", CLASSES)
    model = models.build(recipe, x.shape[1:], classes, 0, x)
    y = np.arange(N) % classes

    def loss(theta):
        w = lookups(theirs, theta)
        h = function(w, x.astype(np.float64) if x.dtype.kind != "i" else x)
        return h, h @ w("scores/kernel") + w("scores/bias")

    own_h, own = loss(None)
    # last layer: the factors and the gradients that they stand for
    weights, _, _ = features.last_layer_parameters(model)
    h = features.extended_features(model, x, 3)
    logits, r = features.factors(weights, h, y)
    found = np.einsum("na,nc->nac", h, r)
    expected = np.einsum("na,nc->nac", np.column_stack([own_h, np.ones(N)]), residuals(own, y))
    last = {"logits": share(logits, own), "gradients": share(found, expected)}

    arrays = network_files.gradient_arrays(model, x, y, x, y, 3)
    theta = arrays[PARAMETERS]
    assert len(theta) == sum(int(np.prod(v.shape)) for v in theirs.trainable_variables)
    np.testing.assert_array_equal(
        theta, np.concatenate([np.ravel(keras.ops.convert_to_numpy(v)) for v in theirs.trainable_variables])
    )
    slopes = np.empty((N, len(theta)))
    for i, step in enumerate(STEP * np.eye(len(theta))):
        slopes[:, i] = (cross_entropy(loss(theta + step)[1], y) - cross_entropy(loss(theta - step)[1], y)) / (2 * STEP)
    every = {
        "logits": share(arrays[LOGITS_TRAIN], own),
        "gradients": share(arrays[FEATURES_TRAIN], slopes),
    }
    # second derivatives: of the copy's own gradients, which are right, along one direction
    copy = precision.in_float64(model, x)
    along = np.random.default_rng(5).normal(size=(len(theta), 2))
    taken = precision.as_taken(model, x)
    product = all_layers.hessian_product(copy, taken, y, 3)(along)[:, 0]
    ends = []
    for sign in (1, -1):
        assign(copy, theta + sign * STEP * along[:, 0])
        ends.append(all_layers.gradients(copy, taken, y, 7)[1].mean(axis=0))
    every["hessian"] = share(product, (ends[0] - ends[1]) / (2 * STEP))
    print(f"{name:28} last layer {last['logits']:.0e} {last['gradients']:.0e}, ", end="")
    print(f"all layers {every['logits']:.0e} {every['gradients']:.0e} {every['hessian']:.0e}, {len(theta)} parameters")
    assert max(last.values()) < settings.get("last_layer", LAST_LAYER)
    assert every["logits"] < ALL_LAYERS and max(every["gradients"], every["hessian"]) < GRADIENTS
