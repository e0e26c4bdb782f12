"""What every rule takes whose cost has a size, or TensorFlow; every other one draws or tabulates what is there."""

from attribution.costs.jobs import (
    answers,
    border,
    boundary,
    data,
    evaluation,
    groups,
    influence,
    partition,
    retraining,
    training,
    truth,
)

STAGES = (data, training, influence, groups, boundary, retraining, truth, border, partition, evaluation, answers)
COSTS = {rule: cost for stage in STAGES for rule, cost in stage.COSTS.items()}
