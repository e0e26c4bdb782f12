"""What a rule asks of a cluster: memory, minutes, cores, GPUs, as functions of the experiment's size.

Loaded whenever the workflow is parsed: no TensorFlow, no Keras. Tested against measured use.
"""

import math

from attribution.costs import data_sizes, recipe_sizes
from attribution.costs.jobs.every import COSTS
from attribution.costs.jobs.machine import DRAWING, MB
from attribution.settings import draws, points

SNAKEMAKE = 260 * MB  # the two Snakemake processes of a cluster job, measured
CUDA = 1500 * MB  # host memory of TensorFlow's GPU libraries; an assumption, no GPU was there to measure it
HEADROOM = 1.25
LEAST_MB, LEAST_MINUTES = 1000, 5  # what every job may have: a smaller request gets nobody a place sooner
MARGIN = 3  # asked time over estimated time: shared nodes, slow file systems
STARTUP = 40  # seconds: two Snakemakes and the libraries, on a slow file system
SEVERAL_CORES = 1e12  # operations from which on a job asks for CORES
CORES = 4

# Training, and what is a forward pass of the whole training set. The rules' names; profiles/slurm lists them too.
GPU_RULES = ("train_model", "cache_gradients", "retrain_leave_one_out", "retrain_groups", "retrain_subsets",
             "retrain_truth", "retrain_without_top", "retrain_parts", "retrain_without_named",
             "predict_folds")  # fmt: skip

of_data = data_sizes.of_data


def of_run(data: dict, recipe: dict, scope: str = "last_layer", **settings) -> dict:
    """Everything the requests below take: `of_data`, `recipe_sizes.sizes`, D, C, k, the training, further settings.

    In all layers each gradient is one row of as many numbers as there are parameters: D = parameters, C = 1.
    """
    outputs = 1 if data["classes"] == 2 else data["classes"]
    network = recipe_sizes.sizes(recipe, data["shape"], outputs)
    D, C = (network["features"] + 1, outputs) if scope == "last_layer" else (network["parameters"], 1)
    return data | network | {"D": D, "C": C, "recipe": recipe, "scope": scope} | settings


def starts(seeds: list, classes: int, subgroups: int) -> int:
    """How many groups grow from `groups.seeds`: one an entry, and as many as its draws give.

    Args:
        seeds: indices, names, lists of them, and draws, see `seed_points`. classes, subgroups: of the data set.
    """
    alone = [entry if points.is_draw(entry) else {"random": 1} for entry in points.alone(seeds)]
    return sum(draws.total(entry, classes, subgroups) for entry in alone)


def request(rule: str, size: dict, attempt: int = 1) -> dict:
    """What a job of the rule asks for.

    Args:
        rule: its name. size: from `of_run`, or `of_data` for preparing data, or empty for what has no size.
        attempt: from 1; memory and minutes grow with it.

    Returns:
        `mem_mb`, `runtime` in minutes, `threads`, `gpu`.
    """
    # what has no cost of its own draws or tabulates what is there: a measured constant
    needed, seconds, flops = COSTS[rule](size) if rule in COSTS else (DRAWING, 20.0, 0.0)
    memory = HEADROOM * (SNAKEMAKE + needed)
    gpu = int(rule in GPU_RULES)
    return {
        "mem_mb": attempt * max(LEAST_MB, math.ceil((memory + gpu * CUDA) / MB / 100) * 100),
        "runtime": attempt * max(LEAST_MINUTES, math.ceil(MARGIN * (STARTUP + seconds) / 60)),
        "threads": CORES if flops > SEVERAL_CORES else 1,
        "gpu": gpu,
    }
