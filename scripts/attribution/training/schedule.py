"""Steps of a training: their learning rates, how far they go, and the constants of the optimiser."""

import numpy as np

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # keras.optimizers.Adam's defaults


def learning_rate(training: dict, epoch: int) -> float:
    """Learning rate of one epoch, counted from 0.

    A list as `training["schedule"]`: each `{epoch, factor}` multiplies the rate once that many epochs are finished.
    A mapping `{factor, epochs}`: the rate falls exponentially, by `factor` over that many epochs.
    """
    schedule = training["schedule"]
    if isinstance(schedule, dict):
        return float(training["learning_rate"] * schedule["factor"] ** (epoch / schedule["epochs"]))
    steps = [step["factor"] for step in schedule if epoch >= step["epoch"]]
    return float(training["learning_rate"] * np.prod(steps))


def steps_an_epoch(training: dict, n: int) -> int:
    """Batches of n training points, the last of which may be short."""
    return -(-n // training["batch_size"])


def warmed_up(training: dict, step: int, batches: int) -> float:
    """Share of the learning rate that a step takes: it rises linearly to 1 over the first `training["warmup"]` epochs.

    Args:
        step: gradient steps before this one. batches: steps an epoch.
    """
    return min(1.0, (step + 1) / (training["warmup"] * batches))


def step_rate(training: dict, step: int, batches: int) -> float:
    """Learning rate of a step, by the schedule and the warm-up.

    Args:
        training: a recipe's `training`. step: counted from 0. batches: steps an epoch.
    """
    epoch = step // batches
    rate = learning_rate(training, epoch)
    return rate * warmed_up(training, step, batches) if epoch < training.get("warmup", 0) else rate


def reaches(training: dict, n: int) -> np.ndarray:
    """(T,) how far each step of a training of n points moves the parameters along its gradient, later steps with it.

    For sgd the learning rate over 1 - momentum: velocity keeps a share of every step, and 1 + m + m^2 + ... of it is
    taken in the end (Bae et al. 2024, section 3). For Adam the learning rate, in the coordinates of its moments.
    """
    batches = steps_an_epoch(training, n)
    rates = np.array([step_rate(training, step, batches) for step in range(training["epochs"] * batches)])
    return rates / (1 - float(training["momentum"] or 0.0)) if training["optimizer"] == "sgd" else rates


def ends(total: int, stretches: int) -> list[int]:
    """Ascending numbers of steps after which stretches of equal length end, the last one `total`.

    Fewer in a training of fewer steps; [0] in one of none.
    """
    found = np.round(np.arange(1, stretches + 1) * total / stretches).astype(int)
    return sorted({int(step) for step in found if step or not total})


def sums(values: np.ndarray, ends: list[int]) -> np.ndarray:
    """Sum of the values of each stretch that ends before these ascending places."""
    upto = np.concatenate([[0.0], np.cumsum(values)])
    return np.diff(upto[[0, *ends]])


def epsilon(training: dict) -> float:
    """Adam's epsilon, Keras's default where the recipe gives none."""
    return float(training.get("epsilon", EPSILON))


def final_optimizer(training: dict) -> dict:
    """The optimiser as it is in the last epoch: `name`, `learning_rate`, `momentum`."""
    rate = learning_rate(training, max(training["epochs"] - 1, 0))
    return {"name": training["optimizer"], "learning_rate": rate, "momentum": training["momentum"]}
