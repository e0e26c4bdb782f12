"""A last layer trained elsewhere, given as features and weights: its closed forms, and a sentence for each fault."""

import re

import h5py
import numpy as np
import pytest
from scipy import optimize, special

import cache_hessian
import compute_boundary
import compute_influence
import find_groups
import prepare_arrays
import read_factors
from attribution.answers import summary
from attribution.costs import data_sizes, requests
from attribution.data import sources
from attribution.files import hdf5
from attribution.influence import factors_file, inverse_files
from attribution.settings import datasets

N, M, D, C, L2 = 60, 20, 3, 3, 0.01
NAMES = ["cat", "dog", "eel"]
GROUP = {
    "rule": "l-relative", "direction": "max", "adaptive": False, "seeds": [4, 9], "excluded": [], "size": 6,
    "stop": "size", "tie_seed": 0,
}  # fmt: skip


def optimum(h, y, weight=1.0):
    """Weights and bias of the softmax regression with the penalty L2 sum W^2, at its optimum; points have a weight."""

    def loss(theta):
        w = theta.reshape(D + 1, C)
        p = special.log_softmax(h @ w[:-1] + w[-1], axis=1)
        r = np.reshape(weight, (-1, 1)) * (np.exp(p) - np.eye(C)[y])
        slope = np.vstack([h.T @ r, r.sum(axis=0)]) / len(r)
        slope[:-1] += 2 * L2 * w[:-1]
        return (-weight * p[np.arange(len(r)), y]).mean() + L2 * (w[:-1] ** 2).sum(), slope.ravel()

    found = optimize.minimize(loss, np.zeros((D + 1) * C), jac=True, tol=1e-12, options={"gtol": 1e-10})
    return found.x.reshape(D + 1, C)


@pytest.fixture(scope="module")
def given():
    """Arrays of a file: a regression that scipy has trained, with labels that its features do not decide alone."""
    rng = np.random.default_rng(0)
    h, noise = rng.normal(size=(N + M, D)), rng.gumbel(size=(N + M, C))
    y = (2 * h @ rng.normal(size=(D, C)) + noise).argmax(axis=1)
    w = optimum(h[:N], y[:N])
    logits = h @ w[:-1] + w[-1]
    return {
        "features_train": h[:N], "labels_train": y[:N], "features_test": h[N:], "labels_test": y[N:],
        "weights": w[:-1], "bias": w[-1], "logits_train": logits[:N], "logits_test": logits[N:],
    }  # fmt: skip


def written(folder, content, name="mine.npz"):
    content = {key: array for key, array in content.items() if array is not None}
    np.savez(folder / name, **content)
    return str(folder / name)


def prepared(folder, path, **settings):
    """data.h5 of the file, its points shuffled."""
    chosen = datasets.complete({"loader": "npz", "path": path, "class_names": NAMES} | settings)
    prepare_arrays.prepare_arrays(path, None, chosen, [], folder / "data.h5", {})
    return str(folder / "data.h5")


def gradients(folder, path, data=None, **recipe):
    data = data or prepared(folder, path)
    recipe = {"architecture": "factors", "path": path, "l2": L2} | recipe
    read_factors.read_factors(data, recipe, "float64", "mine", folder / "gradients.h5", {})
    with h5py.File(folder / "gradients.h5") as file:
        return {name: array[()] for name, array in file.items()}


@pytest.fixture(scope="module")
def run(given, tmp_path_factory):
    """Results of the pipeline's own jobs, and the arrays that the gradients come from, in the order of data.h5."""
    folder = tmp_path_factory.mktemp("run")
    found = gradients(folder, written(folder, given))
    files = {name: str(folder / f"{name}.h5") for name in ("data", "gradients", "hessian", "influence", "groups")}
    scope, damping = "last_layer", {"mode": "relative", "value": 1e-3}
    cache_hessian.cache_hessian(files, scope, "exact", 8, damping, files["hessian"], {})
    solve = inverse_files.open_inverse(files, {})
    compute_influence.compute_influence(
        files["gradients"], solve, files["data"], "all", 1.0, [], files["influence"], {}
    )
    find_groups.find_groups(files, solve, GROUP, [], files["groups"], {})
    compute_boundary.compute_boundary(files, scope, {"norm": "l2"}, "key", str(folder / "boundary.h5"), {})
    (rows,) = hdf5.read(files["data"], "index_train")
    return folder, found, rows


def whole(run, given):
    """(n, (D + 1) C) gradients and the damped Hessian, point by point from the definitions."""
    folder, _, rows = run
    h = np.column_stack([given["features_train"][rows], np.ones(N)])
    w, y = np.vstack([given["weights"], given["bias"]]), given["labels_train"][rows]
    p = special.softmax(h @ w, axis=1)
    g = np.einsum("nd,nc->ndc", h, p - np.eye(C)[y]).reshape(N, -1)
    hessian = sum(
        np.kron(np.outer(a, a), np.diag(q) - np.outer(q, q)) for a, q in zip(h, p, strict=True)
    ) / N + np.diag(np.repeat([2 * L2] * D + [0.0], C))  # fmt: skip
    return h, w, g, hessian + hdf5.attributes(folder / "hessian.h5")["damping"] * np.eye(len(hessian))


def test_factors_are_the_files_in_the_order_of_the_data(run, given):
    _, found, rows = run
    assert not np.array_equal(rows, np.arange(N))
    h, w, g, _ = whole(run, given)
    np.testing.assert_array_equal(found["features_train"], h)
    np.testing.assert_array_equal(found["parameters"], w.ravel())
    np.testing.assert_allclose(found["logits_train"], h @ w, rtol=1e-12)
    np.testing.assert_allclose(
        np.einsum("nd,nc->ndc", found["features_train"], found["residuals_train"]).reshape(N, -1), g, atol=1e-12
    )
    # at the optimum the mean gradient and that of the penalty cancel
    np.testing.assert_allclose(g.mean(axis=0) + found["decay_gradient"], 0, atol=1e-7)
    assert not np.allclose(g.mean(axis=0), 0, atol=1e-4)


def test_influence_and_groups_are_those_of_the_definitions(run, given):
    folder, *_ = run
    _, _, g, hessian = whole(run, given)
    kernel = g @ np.linalg.solve(hessian, g.T)
    own, pairs = hdf5.read(folder / "influence.h5", "self_influence", "influence")
    np.testing.assert_allclose(pairs, kernel, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(own, np.diag(kernel), rtol=1e-8)
    cosines = kernel / np.sqrt(np.outer(own, own))
    for seed in GROUP["seeds"]:
        members = [seed]
        while len(members) < GROUP["size"]:
            scores = cosines[members].sum(axis=0)
            scores[members] = -np.inf
            members.append(int(scores.argmax()))
        (found,) = hdf5.read(folder / "groups.h5", f"{seed}/members")
        assert found.tolist() == members


def test_influence_over_n_is_what_the_loss_does_as_the_point_leaves(run, given):
    folder, _, rows = run
    h, y = given["features_train"][rows], given["labels_train"][rows]
    own = hdf5.read(folder / "influence.h5", "self_influence")[0]
    left, measured, share = np.argsort(own)[[20, 40, 55, 59]], [], 1e-3

    def loss(w, i):
        return -special.log_softmax(h[i] @ w[:-1] + w[-1])[y[i]]

    full = optimum(h, y)
    for i in left:
        measured.append((loss(optimum(h, y, 1 - share * (np.arange(N) == i)), i) - loss(full, i)) / share)
    np.testing.assert_allclose(measured, own[left] / N, rtol=0.02)


def test_the_boundary_is_the_closed_form(run, given):
    folder, *_ = run
    h, w, _, _ = whole(run, given)
    first, second = np.sort(h @ w, axis=1)[:, :-3:-1].T
    (score,) = hdf5.read(folder / "boundary.h5", "score")
    np.testing.assert_allclose(score, (first - second) / (np.sqrt(2) * np.linalg.norm(h, axis=1)), rtol=1e-6)


def test_the_summary_says_that_there_is_a_last_layer_alone(run, given):
    folder, found, rows = run
    recipe = {"architecture": "factors", "path": "mine.npz", "l2": L2}
    facts = dict(summary.of_last_layer(folder / "data.h5", folder / "gradients.h5", "mine", recipe))
    y = given["labels_train"][rows]
    loss = -special.log_softmax(found["logits_train"], axis=1)[np.arange(N), y].mean()
    assert facts["features"] == "3" and facts["loss"].startswith(f"{loss:.4g} training, ")
    assert "network, which is not here" in facts["architecture"]


@pytest.mark.parametrize("lacking", [("weights", "bias"), ("logits_train", "logits_test")])
def test_weights_and_logits_stand_for_each_other(tmp_path, run, given, lacking):
    found = gradients(tmp_path, written(tmp_path, given | dict.fromkeys(lacking)))
    for name, expected in run[1].items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-9, err_msg=name)


def test_hdf5_texts_one_output_and_no_bias(tmp_path, given):
    content = {name: array for name, array in given.items() if name.startswith("features")}
    content |= {"weights": given["weights"][:, 1].astype(np.float32)}
    for part in ("train", "test"):
        labels = (content[f"features_{part}"] @ content["weights"] > 0).astype(int)
        content[f"labels_{part}"] = np.array(["no", "yes"], dtype="S")[labels]
    path = str(tmp_path / "mine.h5")
    with h5py.File(path, "w") as file:
        for name, array in content.items():
            file[name] = array
    data = prepared(tmp_path, path, loader="h5", class_names=["no", "yes"])
    found = gradients(tmp_path, path, data, l2=0.0)
    assert found["features_train"][:, -1].tolist() == [0] * N and found["logits_train"].shape == (N, 1)
    (y,) = hdf5.read(data, "y_train")
    p = special.expit(found["logits_train"][:, 0])
    np.testing.assert_allclose(found["residuals_train"][:, 0], p - y, atol=1e-12)
    assert ((p > 0.5) == y).all() and not found["decay"].any()


def test_a_data_set_of_other_inputs_takes_its_rows_also_of_a_part_and_moved(tmp_path, given):
    x = {f"x_{part}": np.arange(n)[:, None] + [0, n] for part, n in (("train", N), ("test", M))}
    labels = {f"y_{part}": given[f"labels_{part}"] for part in ("train", "test")}
    inputs, factors = written(tmp_path, x | labels, "inputs.npz"), written(tmp_path, given)
    chosen = datasets.complete({"loader": "npz", "path": inputs, "class_names": NAMES, "points": 30, "flipped": 0.2})
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("test_index,train_index\n" + "".join(f"{i % M},{i}\n" for i in range(N)))
    prepare_arrays.prepare_arrays(inputs, pairs, chosen, [], tmp_path / "data.h5", {})
    data = str(tmp_path / "data.h5")
    found = gradients(tmp_path, factors, data)
    both = np.concatenate([given["features_train"], given["features_test"]])
    index, y = hdf5.read(data, "index_train", "y_train")
    assert (index >= N).any() and len(index) < N + M
    np.testing.assert_array_equal(found["features_train"][:, :-1], both[index])
    # residuals are of the labels in the data set, the flipped ones too
    p = special.softmax(found["logits_train"], axis=1)
    np.testing.assert_allclose(found["residuals_train"], p - np.eye(C)[y], atol=1e-12)


def turned(given):
    return {"labels_train": given["labels_train"][::-1].copy()}


FAULTS = {
    "features_train is not there": (
        lambda g: {"features_train": None}, "has no array features_train; needed are features_train, labels_train"
    ),
    "neither weights nor logits": (
        lambda g: dict.fromkeys(["weights", "bias", "logits_test"]),
        "has neither weights nor logits_train and logits_test; add weights (d, C)",
    ),
    "images": (
        lambda g: {"features_train": np.zeros((N, 2, 2, 3))},
        "features_train has shape (60, 2, 2, 3); expected is (points, d)",
    ),
    "another width": (
        lambda g: {"features_test": g["features_test"][:, 1:]},
        "features_train has 3 columns and features_test 2",
    ),
    "NaN": (
        lambda g: {"features_test": np.where(np.arange(M)[:, None] == 7, np.nan, g["features_test"])},
        "features_test holds NaN or infinity, first in row 7",
    ),
    "labels of fewer": (
        lambda g: {"labels_test": g["labels_test"][1:]}, "features_test has 20 rows and labels_test 19"
    ),
    "logits of fewer": (
        lambda g: {"logits_train": g["logits_train"][1:]}, "features_train has 60 rows and logits_train 59"
    ),
    "a class more": (lambda g: {"labels_test": g["labels_test"] + 1}, "labels_test holds label 3, but the data set"),
    "weights turned": (
        lambda g: {"weights": np.ones((4, D)), "bias": None},
        "weights has shape (4, 3); expected is (3, 3), a row for each column of features_train; give its transpose",
    ),
    "outputs of other classes": (
        lambda g: {"weights": g["weights"][:, :2], "bias": g["bias"][:2]},
        "weights has shape (3, 2), but the data set has 3 classes; expected is a column for each",
    ),
    "a bias of others": (lambda g: {"bias": g["bias"][:2]}, "bias has shape (2,); expected is (3,)"),
    "a bias forgotten": (
        lambda g: {"bias": None}, "logits_train is not what weights, without a bias, give for features_train"
    ),
    "square weights turned": (
        lambda g: {"weights": g["weights"].T}, "logits_train is not what weights and bias give for features_train"
    ),
    "logits of a softmax": (
        lambda g: {"weights": None, "bias": None} | {
            f"logits_{part}": special.softmax(g[f"logits_{part}"], axis=1) for part in ("train", "test")
        },
        "logits_train is not what any weights and bias give for features_train",
    ),
    "another order": (turned, "labels_train differs from the labels of the data set in "),
    "rows lacking": (
        lambda g: {name: g[name][:-1] for name in ("features_train", "labels_train", "logits_train")},
        "features_train has 59 rows, but the source of the data set has 60 training points",
    ),
    "test rows lacking": (
        lambda g: {name: g[name][:-1] for name in ("features_test", "labels_test", "logits_test")},
        "features_test has 19 rows, but the data set takes test point 19 of its source",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def data(given, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return prepared(folder, written(folder, given))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_with_file_and_array(tmp_path, given, data, fault):
    change, sentence = FAULTS[fault]
    path = written(tmp_path, given | change(given))
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        factors_file.read(path, data)
    assert str(error.value).startswith(path) and "\n" not in str(error.value)


def test_other_faults(tmp_path, given, data):
    with pytest.raises(
        ValueError, match=r"mine.pt ends in none of .npz, .h5, .hdf5; write the arrays with numpy.savez"
    ):
        factors_file.read("mine.pt", data)
    # of several rows in another order the first is named, in the user's own numbers
    path = written(tmp_path, given | turned(given))
    row = int(np.argmax(given["labels_train"] != given["labels_train"][::-1]))
    with pytest.raises(
        ValueError, match=rf"points, first in row {row}, '\w+' and not '{NAMES[given['labels_train'][row]]}'"
    ):
        factors_file.read(path, data)
    # outputs that have nothing to do with the labels
    rng = np.random.default_rng(1)
    noise = {"weights": np.zeros((D, C)), "bias": rng.normal(size=C), "logits_train": None, "logits_test": None}
    path = written(tmp_path, given | noise)
    with pytest.raises(RuntimeError, match=r"mine: the last layer has accuracy .* look at the features and the order"):
        gradients(tmp_path, path, data)
    gradients(tmp_path, path, data, below_chance="warn")


def test_half_precision_is_rounding_and_not_another_layer(tmp_path, given, data):
    half = {name: given[name].astype(np.float16) for name in ("features_train", "features_test")}
    factors_file.read(written(tmp_path, given | half), data)
    other = {"logits_train": given["logits_train"] * 1.05}
    with pytest.raises(
        ValueError, match=r"logits_train is not what weights and bias give .* more than rounding \(0.02\)"
    ):
        factors_file.read(written(tmp_path, given | half | other), data)


def test_a_file_of_factors_alone_is_a_data_set_whose_inputs_are_the_features(tmp_path, given):
    settings = {"loader": "npz", "path": written(tmp_path, given), "class_names": []}
    found, names, _ = sources.read(settings["path"], datasets.complete(settings))
    np.testing.assert_array_equal(found["x_train"], given["features_train"])
    np.testing.assert_array_equal(found["y_test"], given["labels_test"])
    assert names == ["0", "1", "2"]
    size = data_sizes.of_data(settings)
    assert (size["n"], size["m"], size["shape"]) == (N, M, (D,))
    assert data_sizes.per_class(settings) == np.bincount(given["labels_train"]).tolist()
    assert not data_sizes.has_text_labels(settings)
    recipe = {"architecture": "factors", "path": settings["path"]}
    assert requests.of_run(size | {"classes": 3}, recipe)["D"] == D + 1
    assert requests.of_run(size | {"classes": 3}, recipe | {"path": "none.npz"})["D"] == 2
    path = written(tmp_path, given | {"labels_train": given["labels_train"][1:]})
    with pytest.raises(ValueError, match=r"mine.npz: features_train has 60 rows and labels_train 59"):
        sources.read(path, datasets.complete(settings))


@pytest.mark.slow
def test_it_is_the_run_of_the_keras_network_with_the_same_features(tmp_path, given):
    import keras

    import cache_gradients

    single = {name: given[name].astype(np.float32) for name in given if not name.startswith("l")} | {
        name: given[name] for name in ("labels_train", "labels_test")
    }
    data = prepared(tmp_path, written(tmp_path, single))
    found = gradients(tmp_path, str(tmp_path / "mine.npz"), data)
    layer = keras.layers.Dense(C, kernel_regularizer=keras.regularizers.L2(L2))
    network = keras.Sequential([keras.Input((D,)), layer])
    network.set_weights([single["weights"], single["bias"]])
    keras.Model(network.inputs[0], network.outputs[0]).save(tmp_path / "model.keras")
    path = tmp_path / "keras.h5"
    cache_gradients.cache_gradients(data, tmp_path / "model.keras", "last_layer", 16, "float64", "key", path, {})
    with h5py.File(path) as file:
        assert file.keys() == found.keys()
        for name, array in file.items():
            np.testing.assert_allclose(found[name], array[()], rtol=1e-7, atol=1e-9, err_msg=name)
