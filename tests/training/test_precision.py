"""Copies of a network in another precision: the same function, or one sentence."""

import keras
import numpy as np
import pytest
from keras import layers as L

from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN
from attribution.influence import all_layers_files as network_files
from attribution.networks import build as models
from attribution.networks import precision, same_function

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).normal(size=(9, 4))
Y = np.arange(9) % 3


def nested():
    keras.utils.set_random_seed(2)
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, "tanh", name="deep")], name="inner")
    inputs = keras.Input((4,))
    return keras.Model(inputs, L.Dense(3, name="scores")(inner(L.Dense(4, "tanh", name="first")(inputs)) * 2))


def test_a_copy_in_float64_rounds_nothing_and_leaves_the_network_alone():
    model = nested()
    before = [w.tobytes() for w in model.get_weights()]
    first, first_bias, deep, deep_bias, last, bias = (w.astype(np.float64) for w in model.get_weights())
    own = 2 * np.tanh(np.tanh(X @ first + first_bias) @ deep + deep_bias) @ last + bias
    np.testing.assert_allclose(precision.in_float64(model)(X), own, rtol=1e-13)
    assert [w.tobytes() for w in model.get_weights()] == before
    assert not any(v is w for v, w in zip(precision.in_float64(model).variables, model.variables, strict=True))


def test_samples_of_float64_are_rounded_to_what_the_network_takes():
    model, single = nested(), X.astype(np.float32)
    assert precision.as_taken(model, X).dtype == np.float32
    bytes_ = np.arange(8, dtype=np.uint8).reshape(2, 4)
    assert precision.as_taken(model, bytes_) is bytes_
    fine, coarse = (network_files.gradient_arrays(model, x, Y, x, Y, 4) for x in (X, single))
    assert all(fine[name].tobytes() == coarse[name].tobytes() for name in fine)


@pytest.mark.parametrize(("layer", "named"), [("first", "'first'"), ("deep", "'inner/deep'")])
def test_another_function_is_refused_with_the_layer_and_the_size(monkeypatch, layer, named):
    def altered(config, dtype, whole=precision.with_dtype):
        def change(part):
            if isinstance(part, dict):
                if part.get("name") == layer and "activation" in part:
                    return part | {"activation": "sigmoid"}
                return {key: change(value) for key, value in part.items()}
            return [change(value) for value in part] if isinstance(part, list) else part

        return change(whole(config, dtype))

    monkeypatch.setattr(precision, "with_dtype", altered)
    with pytest.raises(ValueError, match=rf"computes another function: .* layer {named} differs by \d") as error:
        precision.in_float64(nested(), X)
    assert "\n" not in str(error.value)


def test_a_difference_in_one_output_of_many_is_seen():
    a = [np.ones((4, 3)), np.zeros((4, 2))]
    b = [a[0].copy(), a[1].copy()]
    assert same_function.difference(a, b) == 0
    b[0][3, 2] = 1.25
    assert same_function.difference(a, b) == 0.25
    b[0][3, 2] = np.nan
    assert np.isnan(same_function.difference(a, b))
    a[0][3, 2] = np.nan
    assert same_function.difference(a, b) == 0
    with pytest.raises(ValueError, match=r"outputs of shape \(4, 2\) in place of \(4, 3\)"):
        same_function.difference([a[0]], [a[1]])


def test_where_float64_is_not_possible_the_networks_own_precision_serves_and_is_named(monkeypatch, capsys):
    model = nested()
    exact = network_files.gradient_arrays(model, X, Y, X, Y, 4)
    whole = precision.with_dtype

    def only_float32(config, dtype):
        if dtype == "float64":
            raise TypeError("no kernel for float64")
        return whole(config, dtype)

    monkeypatch.setattr(precision, "with_dtype", only_float32)
    assert precision.in_float64(model).outputs[0].dtype == "float32"
    assert "computing in float32, since in float64: network" in capsys.readouterr().out
    found = network_files.gradient_arrays(model, X, Y, X, Y, 4)
    for name in (LOGITS_TRAIN, FEATURES_TRAIN):
        assert found[name].dtype == np.float64
        np.testing.assert_allclose(found[name], exact[name], rtol=1e-4, atol=1e-6)


def test_state_that_is_no_weight_goes_along(tmp_path):
    """A network of a Python file that adapts a layer while it is built, with a seed of its own for dropout."""
    (tmp_path / "mine.py").write_text(
        "import keras, numpy as np\n"
        "def build(shape, classes):\n"
        "    keras.config.set_floatx('float16')\n"
        "    keras.config.set_image_data_format('channels_first')\n"
        "    keras.config.set_dtype_policy('float32')\n"
        "    norm = keras.layers.Normalization()\n"
        "    norm.adapt(np.arange(40.0).reshape(10, 4))\n"
        "    table = keras.layers.Discretization(num_bins=4, output_mode='one_hot')\n"
        "    table.adapt(np.linspace(-2, 2, 50))\n"
        "    x = inputs = keras.Input(shape, dtype='float32')\n"
        "    for layer in (norm, table, keras.layers.Reshape((16,)), keras.layers.Dropout(0.5)):\n"
        "        x = layer(x)\n"
        "    return keras.Model(inputs, keras.layers.Dense(classes)(x))\n"
    )
    before = keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy().name
    recipe = {"architecture": "python-file", "path": str(tmp_path / "mine.py")}
    samples = (np.arange(40.0).reshape(10, 4) * 0.9).astype(np.float32)
    model = models.build(recipe, (4,), 3, 0, samples)
    assert (keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy().name) == before
    scaled = (samples - np.arange(40.0).reshape(10, 4).mean(0)) / np.arange(40.0).reshape(10, 4).std(0)
    hidden = keras.Model(model.input, models.last_dense(model).input)(samples)
    edges = next(layer for layer in model.layers if isinstance(layer, L.Discretization)).bin_boundaries
    assert len(edges) == 3
    np.testing.assert_array_equal(hidden, np.eye(4)[np.searchsorted(edges, scaled, "right")].reshape(10, -1))
    # the same seed, the same masks
    again = models.build(recipe, (4,), 3, 0, samples)
    first, second = (keras.Model(m.input, models.last_dense(m).input)(samples, training=True) for m in (model, again))
    np.testing.assert_array_equal(first, second)


def test_a_registered_class_of_a_python_file_is_refused_before_it_is_trained(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import keras\n"
        "@keras.saving.register_keras_serializable('mine')\n"
        "class Double(keras.layers.Layer):\n"
        "    def call(self, x):\n"
        "        return 2 * x\n"
        "def build(shape, classes):\n"
        "    return keras.Sequential([keras.Input(shape), Double(), keras.layers.Dense(classes)])\n"
    )
    recipe = {"architecture": "python-file", "path": str(tmp_path / "mine.py")}
    with pytest.raises(
        ValueError, match=r"mine\.py: .* stored and read back without code of your own .*Double"
    ) as error:
        models.build(recipe, (4,), 3, 0)
    assert "\n" not in str(error.value)


def test_a_network_with_nothing_to_train_is_refused_in_all_layers():
    model = nested()
    model.trainable = False
    with pytest.raises(ValueError, match="no trainable parameters, every layer of it is frozen"):
        network_files.gradient_arrays(model, X, Y, X, Y, 4)
