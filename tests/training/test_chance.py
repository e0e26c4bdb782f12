"""What outputs say about labels beyond their accuracy: against plain sums, and against outputs without information."""

import numpy as np
import pytest
from scipy.stats import entropy

from attribution.training import chance

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(4)


def shares(counts):
    return np.repeat(np.arange(len(counts)), counts)


def evidence(logits, labels):
    predicted = (logits[:, 0] > 0) * 1 if logits.shape[1] == 1 else logits.argmax(axis=1)
    return chance.evidence(logits, predicted, labels)


def test_figures_are_the_plain_ones():
    labels = shares([70, 25, 5])
    logits = RNG.normal(size=(100, 3)) + 0.8 * np.eye(3)[labels]
    found = evidence(logits, labels)
    recalls = [np.mean(logits[labels == c].argmax(axis=1) == c) for c in range(3)]
    np.testing.assert_allclose(found.balanced, np.mean(recalls), rtol=1e-12)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.loss, -np.log(p[np.arange(100), labels]).mean(), rtol=1e-12)
    np.testing.assert_allclose(found.entropy, entropy([0.7, 0.25, 0.05]), rtol=1e-12)
    assert found.chance == pytest.approx(1 / 3)


def test_constant_outputs_say_nothing_whatever_they_are():
    for counts in ([977, 23], [50, 30, 20], [98, 2]):
        labels = shares(counts)
        for logits in (np.log(np.array(counts) / sum(counts)), RNG.normal(size=len(counts))):
            found = evidence(np.tile(logits, (len(labels), 1)), labels)
            assert found.balanced == pytest.approx(found.chance) and found.loss >= found.entropy - 1e-12
            assert not found.informed()
    assert not evidence(np.full((1000, 1), -3.0), shares([977, 23])).informed()


@pytest.mark.parametrize("counts", [[977, 23], [500, 500], [60, 38, 2], [98, 2], [400, 300, 200, 100]])
@pytest.mark.parametrize("spread", [2.0, 0.1])
def test_outputs_that_know_no_label_seldom_pass(counts, spread):
    labels, share = shares(counts), np.log(np.array(counts) / sum(counts))
    passed = [evidence(RNG.normal(share, spread, (len(labels), len(counts))), labels).informed() for _ in range(200)]
    assert np.mean(passed) < 0.05


def test_a_good_network_with_class_weights_passes_by_its_recall():
    labels = shares([977, 23])
    logits = (RNG.normal(size=1000) + 3 * labels - 1.0)[:, None]  # 16 % of the many are called the few
    accuracy = np.mean((logits[:, 0] > 0) == labels)
    found = evidence(logits, labels)
    assert accuracy < 0.9 and found.balanced > 0.85 and found.loss > found.allowed
    assert found.informed()


def test_a_good_network_that_never_names_the_rare_class_passes_by_its_loss():
    labels = shares([977, 23])
    # the log-odds of two clouds 1.2 apart, which never reach 0 here
    logits = np.minimum(1.2 * (RNG.normal(size=1000) + 1.2 * labels) - 0.72 + np.log(23 / 977), -0.1)[:, None]
    found = evidence(logits, labels)
    assert found.balanced == found.chance and found.informed()


def test_noisy_labels_and_another_order_of_the_classes():
    truth = shares([100, 100, 100])
    noisy = np.where(RNG.random(300) < 0.6, RNG.integers(0, 3, 300), truth)
    logits = 2.0 * np.eye(3)[truth]
    assert evidence(logits, noisy).informed()
    assert not evidence(logits[:, [1, 2, 0]], truth).informed()


def test_refuse_and_warn(capsys):
    labels = shares([977, 23])
    found = evidence(np.full((1000, 1), -3.0), labels)
    assert chance.accuracy_needed(labels) == pytest.approx((0.977, 0.97815))
    with pytest.raises(RuntimeError) as error:
        chance.judge(found, 0.977, 0.977, "refuse", "mine seed 0", "it has", "do something")
    said = str(error.value)
    assert said.startswith("mine seed 0: it has accuracy 0.977 on the training set, where always naming the largest")
    assert "averaged over classes is 0.500 (chance 0.500" in said and "\n" not in said
    assert said.endswith("do something, or set below_chance: warn in its recipe to use it as it is")
    chance.judge(found, 0.977, 0.977, "warn", "mine seed 0", "it has", "do something")
    out = capsys.readouterr().out
    assert out.startswith("mine seed 0: warning: it has accuracy") and out.count("\n") == 1
