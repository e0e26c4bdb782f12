"""Networks that have not seen a point: folds, confident learning on counts by hand, and what finds known errors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

import gather_labels
import judge_labels
import list_suspicious
import predict_folds
from attribution.evaluation import inspection, labels
from attribution.files import hdf5
from attribution.methods import writing
from attribution.methods.boundary import confident_learning
from attribution.methods.run import Run
from attribution.networks.build import build
from attribution.retraining import folds
from attribution.training import train
from helpers import CONFIG
from small_run import method

INTERVAL = {"resamples": 200, "level": 0.9, "seed": 0}
RECIPE = CONFIG["models"]["mlp-plain"] | {"hidden": [8]}
RECIPE = RECIPE | {"training": RECIPE["training"] | {"epochs": 30, "batch_size": 16, "learning_rate": 0.02}}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two clouds of 40 points whose labels a network learns, 6 of them wrong, as data.h5 and folds.h5."""
    folder, rng = tmp_path_factory.mktemp("folds"), np.random.default_rng(0)
    truth = np.arange(80) % 2
    x = (rng.normal(size=(80, 2)) + 4 * truth[:, None]).astype(np.float32)
    flipped = np.isin(np.arange(80), [3, 8, 20, 33, 51, 70])
    arrays = {"x_train": x, "y_train": np.where(flipped, 1 - truth, truth), "flipped_train": flipped}
    arrays |= {"x_test": x[:4], "y_test": truth[:4]}
    found = {name: str(folder / f"{name}.h5") for name in ("data", "folds")}
    hdf5.write(found["data"], arrays, {"class_names": ["a", "b"]})
    predict_folds.predict_folds(found["data"], RECIPE, 0, 4, "0" * 16, found["folds"], {})
    return found | {"folder": folder, "truth": truth, "flipped": flipped}


def test_each_class_is_spread_over_the_folds():
    y = np.repeat([0, 1, 2], [30, 12, 6])
    fold = folds.divide(y, 3, 1)
    for label in range(3):
        assert np.bincount(fold[y == label]).tolist() == [(y == label).sum() / 3] * 3
    assert (folds.divide(y, 3, 2) != fold).any()
    with pytest.raises(ValueError, match=r"answers.folds is 40, but no class has so many training points"):
        folds.divide(y, 40, 0)


def test_networks_that_have_not_seen_a_wrong_label_contradict_it(files):
    logits, fold = hdf5.read(files["folds"], "logits_train", "fold")
    assert logits.shape == (80, 1) and np.bincount(fold).tolist() == [20] * 4
    assert ((logits[:, 0] > 0) == files["truth"]).mean() > 0.95
    found = method("loss-out-of-sample").points(Run(files, {}))
    assert np.flatnonzero(files["flipped"]).tolist() == sorted(np.argsort(-found)[:6].tolist())


def test_a_fold_does_not_depend_on_its_own_labels(files, tmp_path):
    """Turning the labels of one fold over leaves its logits as they are, and changes those of others."""
    logits, fold = hdf5.read(files["folds"], "logits_train", "fold")
    x, y = hdf5.read(files["data"], "x_train", "y_train")
    other = folds.logits(RECIPE, x, np.where(fold == 2, 1 - y, y), 2, 0, fold, tmp_path)
    np.testing.assert_allclose(other[fold == 2], logits[fold == 2], atol=1e-5)
    assert np.abs(other[fold != 2] - logits[fold != 2]).max() > 0.1


def test_networks_one_by_one_say_the_same_as_all_at_once(files, tmp_path):
    x, y = hdf5.read(files["data"], "x_train", "y_train")
    fold, short = np.arange(80) % 2, RECIPE | {"training": RECIPE["training"] | {"epochs": 2}}
    at_once = folds.logits(short, x, y, 2, 0, fold, tmp_path)
    one_by_one = folds.logits(short | {"rescale": {"from": [0, 1], "to": [0, 1]}}, x, y, 2, 0, fold, tmp_path)
    np.testing.assert_allclose(one_by_one, at_once, atol=1e-4)
    assert len(list(tmp_path.iterdir())) == 2


def test_networks_with_states_train_on_the_other_points_and_go_on_after_a_kill(files, tmp_path, monkeypatch):
    """With dropout a fold's network is the one that Keras trains on the other points; a killed one goes on."""
    x, y = hdf5.read(files["data"], "x_train", "y_train")
    fold, training = np.arange(80) % 2, RECIPE["training"] | {"epochs": 3}
    recipe = RECIPE | {"training": training, "dropout": 0.4, "rescale": {"from": [0, 1], "to": [0, 2]}}
    found = folds.logits(recipe, x, y, 2, 0, fold, tmp_path / "whole")
    assert sorted(path.name for path in (tmp_path / "whole").iterdir()) == ["0.h5", "1.h5"]

    model, others = build(recipe, (2,), 2, 0), fold != 1
    model.compile(train.optimizer(training), train.loss(1))
    for epoch in range(3):
        order = np.flatnonzero(others)[train.epoch_order(0, epoch, 40)]
        for i in range(0, 40, 16):
            model.train_on_batch(x[order[i : i + 16]], y[order[i : i + 16], None].astype(np.float32))
    np.testing.assert_allclose(found[fold == 1], model.predict_on_batch(x[fold == 1]), atol=1e-5)

    saved, save = [], train.save

    def killed(path, *rest):
        save(path, *rest)
        saved.append(path.parent.name)
        if len(saved) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(train, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        folds.logits(recipe, x, y, 2, 0, fold, tmp_path / "killed")
    np.testing.assert_array_equal(folds.logits(recipe, x, y, 2, 0, fold, tmp_path / "killed"), found)
    assert saved == ["epochs-0"] * 3 + ["epochs-1"] * 3


def test_confident_learning_on_numbers_by_hand():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.35, 0.65], [0.3, 0.7], [0.15, 0.85], [0.55, 0.45]])
    y = np.array([0, 0, 0, 1, 1, 1])
    # thresholds: (0.9 + 0.8 + 0.35) / 3 = 0.683, and (0.7 + 0.85 + 0.45) / 3 = 0.667
    found = confident_learning.scores(p, y)
    # 2 reaches neither threshold, 5 neither; no point is off the diagonal
    np.testing.assert_allclose(found, [-0.8, -0.6, 0.3, -0.4, -0.7, 0.1])
    p[2] = [0.3, 0.7]
    found = confident_learning.scores(p, y)
    assert found[2] == pytest.approx(2.4) and (np.delete(found, 2) < 1).all()


def test_the_area_under_the_margin_finds_wrong_labels(files):
    settings = {"unrolled.checkpoints": 5}
    found = method("area-under-margin").points(Run(files, settings, recipe=RECIPE))
    assert set(np.flatnonzero(files["flipped"])) == set(np.argsort(-found)[:6])


def test_the_table_of_known_errors(files, tmp_path):
    rng = np.random.default_rng(1)
    wrong = files["flipped"]
    scores = {"right": wrong + rng.random(80), "half": 0.6 * wrong + rng.random(80), "none": np.zeros(80)}
    one = {name: values[None] for name, values in scores.items()}
    found = labels.table(one, wrong, np.zeros(80), INTERVAL).set_index("method")
    assert found.loc["right"].tolist()[:5] == pytest.approx([1, 1, 1, 1, 1])
    for name, values in scores.items():
        assert found.average_precision[name] == pytest.approx(average_precision_score(wrong, values))
    assert found.low["half"] < found.average_precision["half"] < found.high["half"]
    # precision and recall of the first six
    assert found.f1["half"] == pytest.approx(wrong[np.argsort(-scores["half"])[:6]].mean())
    # without information each order is as likely
    assert found.loc["none"].tolist()[:3] == pytest.approx([0.1, 6 / 80, 6 / 80])


def test_a_point_that_counts_twice_is_two_points():
    rng, times = np.random.default_rng(2), np.array([[2, 0, 1, 3, 1, 1, 0, 2, 1, 1], np.ones(10, dtype=int)])
    wrong, scores = np.arange(10) % 3 == 0, rng.integers(0, 4, 10)
    found = labels.resampled(inspection.order(scores * 1.0), wrong, times)
    copies = np.repeat(np.arange(10), times[0])
    assert found[0] == pytest.approx(average_precision_score(wrong[copies], scores[copies]))
    assert found[1] == pytest.approx(average_precision_score(wrong, scores))
    (drawn,) = labels.draws(wrong, 40, rng)
    assert (drawn[:, wrong].sum(axis=1) == 4).all() and (drawn[:, ~wrong].sum(axis=1) == 6).all()


def test_the_judge_and_the_list_read_the_methods_files(files):
    chosen = {}
    for name in ("loss-out-of-sample", "margin-out-of-sample", "confident-learning"):
        chosen[name] = str(files["folder"] / f"{name}.h5")
        writing.write_scores(name, method(name), Run(files, {}), chosen[name], {})
    path = files["folder"] / "labels.csv"
    judge_labels.judge_labels(files["data"], None, chosen, [], INTERVAL, path)
    table = pd.read_csv(path).set_index("method")
    assert table.average_precision["loss-out-of-sample"] == 1 and table.index.tolist() == list(chosen)
    assert (table.truth == "flipped-8").all()
    path = files["folder"] / "labels-seeds.csv"
    assert gather_labels.of_methods(["a", "b"], ["a0", "b0", "a1", "b1"]) == {"a": ["a0", "a1"], "b": ["b0", "b1"]}
    twice = gather_labels.of_methods(list(chosen), [*chosen.values(), *chosen.values()])
    gather_labels.gather_labels(files["data"], None, twice, [], INTERVAL, {"dataset": "d", "model": "m"}, path)
    both = pd.read_csv(path).set_index("method")
    assert (both.seeds == 2).all() and both.columns[:3].tolist() == ["dataset", "model", "truth"]
    pd.testing.assert_frame_equal(both[table.columns], table)
    # suggested by networks that have not seen the point, though the file of the run itself is another
    path = files["folder"] / "suspicious.csv"
    list_suspicious.list_suspicious(files["data"], None, files["folds"], chosen, 0, path)
    first = pd.read_csv(path).head(6)
    assert set(first.row) == set(np.flatnonzero(files["flipped"]))
    assert first.suggested.tolist() == np.array(["a", "b"])[files["truth"][first.row]].tolist()


def test_data_without_known_errors_are_sent_to_the_list(files, tmp_path):
    hdf5.write(tmp_path / "data.h5", {"y_train": np.zeros(3)}, {})
    with pytest.raises(ValueError, match=r"has no flipped labels.*ask for suspicious.csv of the run"):
        judge_labels.judge_labels(str(tmp_path / "data.h5"), None, {}, [], INTERVAL, tmp_path / "a.csv")
