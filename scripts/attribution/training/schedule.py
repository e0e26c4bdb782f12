"""Learning rates of a training, and the constants of its optimiser."""

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


def epsilon(training: dict) -> float:
    """Adam's epsilon, Keras's default where the recipe gives none."""
    return float(training.get("epsilon", EPSILON))


def final_optimizer(training: dict) -> dict:
    """The optimiser as it is in the last epoch: `name`, `learning_rate`, `momentum`."""
    rate = learning_rate(training, max(training["epochs"] - 1, 0))
    return {"name": training["optimizer"], "learning_rate": rate, "momentum": training["momentum"]}
