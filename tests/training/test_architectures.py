"""Networks: their parameters counted, their structure against the text, inputs, augmentation, precision, features."""

import keras
import numpy as np
import pytest
import yaml

from attribution.influence import features
from attribution.networks import build as models
from attribution.networks import layers, penalties, precision
from attribution.networks.architectures import resnet, vgg19
from helpers import ROOT

pytestmark = pytest.mark.slow

ROUNDING = {"rtol": 1e-4, "atol": 1e-5}  # float32 forward passes against one another
RECIPES = yaml.safe_load((ROOT / "config/models.yaml").read_text())["models"]
SIZES = {  # parameters, of them trainable, last layer's k, on 32 x 32 x 3 and 10 classes
    "cnn": (73_418, 73_418, 650),
    "resnet": (800_138, 798_442, 1_290),
    "vgg19": (20_091_338, 20_091_338, 1_290),
    "resnet18": (11_183_562, 11_173_962, 5_130),
}


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)


def built(name, shape=(32, 32, 3), classes=10, **changes):
    return models.build(RECIPES[name] | changes, shape, classes, 0)


@pytest.mark.parametrize("name", SIZES)
def test_networks_have_the_parameters_of_the_text(name):
    model = built(name)
    trainable = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    last = models.last_dense(model)
    assert (model.count_params(), trainable, sum(w.size for w in last.get_weights())) == SIZES[name]
    assert model.output_shape == (None, 10) and last.activation is keras.activations.linear


@pytest.mark.parametrize("name", SIZES)
def test_two_classes_give_one_logit(name):
    assert built(name, classes=2).output_shape == (None, 1)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def test_the_resnet_is_as_described():
    model = built("resnet")
    count = {kind: kinds(model).count(kind) for kind in set(kinds(model))}
    # stem, 2 convolutions in each of 9 blocks, 2 shortcuts where shapes differ; one ReLU after the stages
    assert (count["Conv2D"], count["Add"]) == (21, 9)
    assert (count["BatchNormalization"], count["ReLU"]) == (21 + 1, 19 + 1)
    # nothing follows an addition but the next block's convolutions and addition, and the last normalisation
    sums = [layer.output for layer in model.layers if isinstance(layer, keras.layers.Add)]
    after = {type(layer).__name__ for layer in model.layers for x in sums if layer.input is x}
    assert after == {"Conv2D", "BatchNormalization"}
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert all(
        layer.use_bias and penalties.of_variable(layer.kernel)[1] == pytest.approx(1e-4) for layer in convolutions
    )
    assert all(isinstance(layer.kernel_initializer, keras.initializers.HeNormal) for layer in convolutions)
    assert kinds(model)[-5:] == ["Flatten", "Dense", "Dropout", "LeakyReLU", "Dense"]
    assert model.layers[-5].output.shape[1] == 8 * 8 * 64
    assert model.layers[-2].negative_slope == 0.3 and model.layers[-3].rate == 0.4
    for dense in (model.layers[-4], model.layers[-1]):
        assert penalties.of_variable(dense.kernel) == pytest.approx((1e-4, 1e-4))


def test_inputs_of_bytes_are_scaled_to_minus_one_and_one(images):
    model = built("cnn")
    scaled = keras.Model(model.input, next(x for x in model.layers if isinstance(x, keras.layers.Rescaling)).output)
    np.testing.assert_allclose(scaled.predict_on_batch(images), 2.0 * images / 255 - 1, atol=1e-6)
    grey = layers.rescaling({"from": [10, 20], "to": [0, 1]})
    np.testing.assert_allclose(grey(np.array([[10.0, 15.0, 20.0]])), [[0, 0.5, 1]], atol=1e-6)


def test_augmentation_acts_in_training_only_and_shifts_with_the_edge_repeated(images):
    recipe = {"architecture": "cnn", "rescale": {"from": [0, 1], "to": [0, 1]}}
    inputs, x = layers.image_inputs((40, 40, 1), recipe | {"flip": False, "translation": 0.1})
    shift = keras.Model(inputs, x)
    # each pixel holds its own column: a shifted image holds columns shifted, clipped at the edges
    columns = np.broadcast_to(np.arange(40.0)[None, None, :, None], (64, 40, 40, 1))
    moved = keras.ops.convert_to_numpy(shift(columns, training=True))
    offsets = moved[:, 0, 20, 0] - 20
    assert np.abs(offsets).max() <= 4 + 1e-4 and np.abs(offsets).max() > 2 and len(np.unique(offsets)) > 30
    wanted = np.clip(np.arange(40)[None] + offsets[:, None], 0, 39)
    np.testing.assert_allclose(moved[:, 0, :, 0], wanted, atol=1e-3)

    inputs, x = layers.image_inputs((32, 32, 3), recipe | {"flip": True, "translation": 0.0})
    flip = keras.Model(inputs, x)
    many = np.repeat(images[:1].astype(np.float32), 64, axis=0)
    out = keras.ops.convert_to_numpy(flip(many, training=True))
    mirrored = (out == many[:, :, ::-1]).all(axis=(1, 2, 3))
    assert ((out == many).all(axis=(1, 2, 3)) | mirrored).all() and 16 <= mirrored.sum() <= 48
    for model, x in ((flip, many), (shift, columns)):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x, training=False)), x)


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("cnn", (2,), r"samples have shape \(2,\), but architecture 'cnn' takes images"),
        ("cnn", (12, 12, 1), "too small for architecture cnn, which needs 22 x 22"),
        ("vgg19", (28, 28), "too small for architecture vgg19, which needs 32 x 32"),
    ],
)
def test_samples_that_do_not_fit_are_refused(name, shape, sentence):
    with pytest.raises(ValueError, match=sentence):
        built(name, shape)


def test_the_smallest_and_the_grey_image_fit():
    assert built("cnn", (22, 22)).output_shape == (None, 10)
    assert built("resnet", (8, 8, 1), classes=3).output_shape == (None, 3)


def test_reversed_channels_give_imagenets_outputs_on_rgb(images):
    layer = keras.layers.Conv2D(4, 3)
    x = images.astype(np.float32)
    bgr = keras.applications.vgg19.preprocess_input(x.copy())
    wanted = keras.ops.convert_to_numpy(layer(bgr))
    vgg19.reverse_channels(layer)
    offset = [127.5 - mean for mean in vgg19.IMAGENET_MEANS]
    ours = keras.layers.Rescaling(127.5, offset)(2 * x / 255 - 1)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(ours)), wanted, rtol=1e-3, atol=2e-2)


@pytest.mark.parametrize("name", ["cnn", "resnet", "resnet18"])
def test_features_give_the_logits_whatever_the_batch(name, images):
    model = built(name)
    found = features.extended_features(model, images, 4)
    weights, _, _ = features.last_layer_parameters(model)
    logits = model.predict_on_batch(images)
    assert found.dtype == np.float64 and (found[:, -1] == 1).all()
    np.testing.assert_allclose(found @ weights, logits, **ROUNDING)
    np.testing.assert_allclose(features.extended_features(model, images, 9), found, **ROUNDING)
    # float images of the same values are the same samples
    np.testing.assert_array_equal(features.extended_features(model, images.astype(np.float32), 4), found)


def test_a_last_layer_without_bias_has_no_gradient_in_one(images):
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, use_bias=False)(x))
    found = features.extended_features(model, images, 4)
    weights, _, _ = features.last_layer_parameters(model)
    assert found.shape == (9, 3073) and (found[:, -1] == 0).all() and weights.shape == (3073, 3)
    np.testing.assert_allclose(found @ weights, model.predict_on_batch(images), rtol=1e-3, atol=1e-2)


def test_a_network_of_mixed_precision_is_the_same_in_float32(images):
    before = keras.config.dtype_policy().name
    with precision.computing_in(precision.MIXED):
        mixed = resnet.build((32, 32, 3), 10, RECIPES["resnet"])
    assert keras.config.dtype_policy().name == before
    # inputs, augmentation and logits stay in float32
    assert {layer.compute_dtype for layer in mixed.layers} == {"float16", "float32"}
    assert mixed.layers[-1].compute_dtype == mixed.layers[1].compute_dtype == "float32"
    single = precision.in_float32(mixed)
    assert {layer.compute_dtype for layer in single.layers} == {"float32"}
    assert precision.in_float32(single) is single
    for ours, theirs in zip(single.get_weights(), mixed.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    logits = mixed.predict_on_batch(images)
    np.testing.assert_allclose(single.predict_on_batch(images), logits, rtol=0.05, atol=0.05 * np.abs(logits).max())


def test_float32_is_used_where_there_is_no_gpu_or_it_is_off():
    expected = "mixed_float16" if keras.distribution.list_devices("gpu") else "float32"
    assert precision.policy({"mixed_precision": "auto"}) == expected
    assert precision.policy({"mixed_precision": "off"}) == precision.policy({"mixed_precision": False}) == "float32"
    assert precision.policy({}) == "float32"


def test_an_unknown_penalty_is_refused():
    layer = keras.layers.Dense(3, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())
    layer.build((None, 2))
    with pytest.raises(ValueError, match="the penalty OrthogonalRegularizer; only L1, L2 and L1L2"):
        penalties.of_variable(layer.kernel)


def test_an_architecture_without_a_file_is_named():
    with pytest.raises(ValueError, match=r"architecture is 'vit', and networks/architectures has no vit.py; add it"):
        models.architecture("vit")
