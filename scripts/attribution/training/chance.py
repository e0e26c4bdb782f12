"""Whether a network's outputs say anything about the labels, where its accuracy alone does not show it.

Rare classes, class weights and noisy labels leave a good network below the accuracy of always naming the largest class.
Two other figures tell it from one that was given wrong inputs: the accuracy averaged over classes, and the
cross-entropy beside that of the classes' shares, which no constant output can beat.
"""

from typing import NamedTuple

import numpy as np

from attribution.numerics.residuals import cross_entropy

MARGIN = 0.05  # share of the way from chance to perfection that an accuracy must cover
LOSS_MARGIN = 0.01  # share of the entropy of the classes' shares by which the cross-entropy must be lower
ERRORS = 3.0  # standard errors by which both must be better than the same outputs in another order of the points


class Evidence(NamedTuple):
    """Figures on the training set, in nats where they are losses: `balanced` accuracy, its value by `chance` and what
    is `needed`; mean cross-entropy `loss`, the `entropy` of the classes' shares and the `allowed` loss."""

    balanced: float
    chance: float
    needed: float
    loss: float
    entropy: float
    allowed: float

    def informed(self) -> bool:
        """Whether one of the two shows that the outputs say something about the labels."""
        return self.balanced >= self.needed or self.loss <= self.allowed


def accuracy_needed(labels: np.ndarray) -> tuple[float, float]:
    """Accuracy of always naming the largest class, and the least accuracy that counts as better than that."""
    majority = np.unique(labels, return_counts=True)[1].max() / len(labels)
    return majority, majority + MARGIN * (1 - majority)


def evidence(logits: np.ndarray, predicted: np.ndarray, labels: np.ndarray) -> Evidence:
    """Balanced accuracy and cross-entropy beside what outputs without information give.

    Args:
        logits: (n, C), or (n, 1) for two classes. predicted: (n,) classes. labels: (n,).
    """
    from sklearn.metrics import recall_score  # a second to import, and seldom needed

    present, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    recall = recall_score(labels, predicted, labels=present, average=None, zero_division=0.0)
    # without information each class is named as often among its own points as among all
    named = np.array([np.mean(predicted == label) for label in present])
    spread = np.sqrt((named * (1 - named) / counts).sum()) / len(present)
    by_chance = 1 / len(present)
    share = counts / len(labels)
    every = np.stack([cross_entropy(logits, np.full(len(labels), label)) for label in present], axis=1)
    entropy = float(-(share * np.log(share)).sum())
    # the mean loss and its spread, were the same outputs dealt out to the points anew
    dealt = float(every.mean(axis=0) @ share)
    centred = every - every.mean(axis=0) - ((every - every.mean(axis=0)) @ share)[:, None]
    error = float(np.sqrt((centred**2).mean(axis=0) @ share / len(labels)))
    return Evidence(
        float(recall.mean()),
        by_chance,
        by_chance + max(MARGIN * (1 - by_chance), ERRORS * float(spread)),
        float(every[np.arange(len(labels)), place].mean()),
        entropy,
        min((1 - LOSS_MARGIN) * entropy, dealt - ERRORS * error),
    )


def judge(found: Evidence, accuracy: float, majority: float, mode: str, label: str, what: str, advice: str) -> None:
    """Print a warning about a network whose accuracy is about that of always naming the largest class, or refuse it.

    Args:
        accuracy, majority: of the network on the training set, and of naming the largest class. label: names the
            training. mode: `refuse` or `warn`, for outputs that say nothing. what: "the trained network has", or the
            like. advice: what to change.

    Raises:
        RuntimeError: for mode `refuse` when neither figure shows information.
    """
    figures = (
        f"{what} accuracy {accuracy:.3f} on the training set, where always naming the largest class gives "
        f"{majority:.3f}; its accuracy averaged over classes is {found.balanced:.3f} (chance {found.chance:.3f}, "
        f"{found.needed:.3f} counts as better) and its mean cross-entropy {found.loss:.4g} (the classes' shares alone "
        f"give {found.entropy:.4g}, {found.allowed:.4g} counts as better)"
    )
    if found.informed():
        where = "recall.csv of the run says how well it knows each class"
        print(f"{label}: warning: {figures}; the outputs do tell classes apart, so it is used; {where}", flush=True)
    elif mode == "warn":
        print(f"{label}: warning: {figures}; it is used because below_chance is warn", flush=True)
    else:
        raise RuntimeError(f"{label}: {figures}; {advice}, or set below_chance: warn in its recipe to use it as it is")
