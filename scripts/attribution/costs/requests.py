"""What a rule asks of a cluster: memory, minutes, cores, GPUs, as functions of the experiment's size.

Loaded whenever the workflow is parsed: no TensorFlow, no Keras. Tested against measured use.
"""

import math

from attribution.costs import data_sizes, recipe_sizes
from attribution.costs import stages as cost
from attribution.settings import draws, points, recipes

MB = 10**6
SNAKEMAKE = 260 * MB  # the two Snakemake processes of a cluster job, measured
PLAIN = 120 * MB  # Python with NumPy and h5py, measured
DRAWING = 300 * MB  # with Matplotlib and pandas, measured
TENSORFLOW = cost.INTERPRETER + 150 * MB  # the libraries and a compiled program, measured
CUDA = 1500 * MB  # host memory of TensorFlow's GPU libraries; an assumption, no GPU was there to measure it
HEADROOM = 1.25
LEAST_MB, LEAST_MINUTES = 1000, 5  # what every job may have: a smaller request gets nobody a place sooner
MARGIN = 3  # asked time over estimated time: shared nodes, slow file systems
STARTUP = 40  # seconds: two Snakemakes and the libraries, on a slow file system
CORE, DEVICE, MEMBERS = 1e10, 1e12, 5e9  # operations a second: of a core, of training on a GPU, of `ensemble` on a core
SINGLE = 8e10  # operations a second of a large float32 product on the cores that it asks for
STEP = 0.008  # seconds a gradient step takes at least
SEVERAL_CORES = 1e12  # operations from which on a job asks for CORES
CORES = 4
EVERY_PAIR_TARGETS = 10
# Algorithm 1 on one core, measured: operations a second, and seconds that each of n points takes beside them, of one
# member of one group; in the adaptive form also for each logit of it
MEMBER, A_PICK, A_POINT = 3e10, 5e-6, 8e-9
A_MOVED_POINT, A_MOVED_LOGIT = 6e-7, 2e-7
# numbers that each point takes for each group, and points whose logits are held beside them
SCORED, SCORED_AT_ONCE = 4, 4096
KERNEL_POINTS = 15_800  # whose kernel is 2 GB, influence.matrix_gb
PARTS_LEAVE = 200  # networks of `retrain_parts`: parts of a dozen methods, and of controls with their sizes
A_SEED = 3.0  # seconds of Algorithm 1 from one seed, all boundary forms of the last layer, n = 50 000; measured

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
    needed, seconds, flops = COSTS[rule](size) if rule in COSTS else (DRAWING, 20.0, 0.0)
    memory = HEADROOM * (SNAKEMAKE + needed)
    gpu = int(rule in GPU_RULES)
    return {
        "mem_mb": attempt * max(LEAST_MB, math.ceil((memory + gpu * CUDA) / MB / 100) * 100),
        "runtime": attempt * max(LEAST_MINUTES, math.ceil(MARGIN * (STARTUP + seconds) / 60)),
        "threads": CORES if flops > SEVERAL_CORES else 1,
        "gpu": gpu,
    }


def _prepare(size: dict) -> tuple:
    return PLAIN + 3 * size["source_bytes"], size["source_bytes"] / (10 * MB), 0.0


def _train(size: dict) -> tuple:
    training = size["recipe"].get("training", {"epochs": 1, "batch_size": 64, "optimizer": "adam"})
    n, held = size["n"], (size["n"] + size["m"]) * size["sample_bytes"]
    found = cost.training(
        size["parameters"], size["activations"], size["flops"], n, held, training["batch_size"], training["epochs"],
        slots=2, evaluation_batch=min(1024, max(n, 1)),
    )  # fmt: skip
    steps = training["epochs"] * math.ceil(n / training["batch_size"])
    return found["bytes"] + 150 * MB, steps * STEP + found["flops"] / DEVICE, found["flops"]


def _members(count) -> object:
    """Cost of `count(size)` networks trained at once, with their outputs at every point, in float64 and float32."""

    def found(size: dict) -> tuple:
        members, training, points = count(size), size["recipe"]["training"], size["n"] + size["m"]
        flops = 3 * size["flops"] * size["n"] * training["epochs"] * members
        drops = sum(size["recipe"].get("hidden", [])) * size["n"] * 128 * 2
        held = members * (points * 8 * (3 + size["C"]) + size["n"] + 4 * size["parameters"])
        return TENSORFLOW + drops + held, 20 + flops / MEMBERS, flops

    return found


def _truth(size: dict) -> tuple:
    """Networks trained on parts of the data: all at once, or one by one in float32, see `recipes.one_by_one`."""
    if not recipes.one_by_one(size["recipe"]):
        return _members(lambda size: size["members"])(size)
    training = size["recipe"]["training"]
    flops = 3 * size["flops"] * size["n"] * training["epochs"]
    steps = training["epochs"] * math.ceil(size["n"] / training["batch_size"])
    held = 3 * training["batch_size"] * 4 * size["activations"] + size["n"] * size["sample_bytes"]
    return TENSORFLOW + held, 20 + size["members"] * (steps * STEP + flops / SINGLE), flops * size["members"]


def _attributed(size: dict) -> tuple:
    """A method on all training points and some test points: at most twice a training for each of these."""
    training = size["recipe"].get("training", {"epochs": 1, "batch_size": 64})
    flops = 3 * 3 * size["flops"] * size["n"] * training["epochs"] * size["tested"]
    steps = training["epochs"] * math.ceil(size["n"] / training["batch_size"])
    # states kept at about the root of the number of steps, three arrays each, and as many cotangents for targets
    held = 3 * 4 * size["parameters"] * (2 * math.isqrt(steps) + 2 + size["tested"])
    held += 4 * 3 * training["batch_size"] * size["activations"] + 16 * size["tested"] * size["n"]
    return _factors(6, 10)(size)[0] + TENSORFLOW + held, 20 + 3 * steps * STEP + flops / SINGLE, flops


def _listed(size: dict) -> tuple:
    """A table of all training points, with the samples, of which order between equal scores is made."""
    return DRAWING + size["n"] * (2 * size["sample_bytes"] + 8 * (size["C"] + 100)), 20 + size["n"] / 1e4, 0.0


def _page(size: dict) -> tuple:
    """Whitened gradients of the page's points, their cosines, and the logits of all."""
    points = min(size["page_points"], size["n"])
    moved, cosines = 8 * size["D"] * size["C"] * points, 8 * points**2
    flops = 4.0 * (size["D"] * size["C"]) ** 2 * points
    held = DRAWING + 3 * moved + 6 * cosines + 16 * size["n"] * (size["C"] + 20) + 2 * points * size["sample_bytes"]
    return held, 40 + flops / CORE, flops


def _smooth(size: dict) -> tuple:
    """Two trainings a draw and share, and the derivative of a few targets, at twice a training each."""
    training = size["recipe"].get("training", {"epochs": 1, "batch_size": 64})
    trainings = 1 + 2 * size["smoothed"] + 3 * size["followed"]
    flops = 3 * size["flops"] * size["n"] * training["epochs"] * trainings
    steps = training["epochs"] * math.ceil(size["n"] / training["batch_size"])
    held, _, _ = _attributed(size | {"tested": size["followed"]})
    return held, 20 + trainings * steps * STEP + flops / SINGLE, flops


def _twice(removals: int, size: dict) -> int:
    """Networks of `retraining.removals`."""
    return 2 * removals if size["recipe"].get("dropout") else removals + 1


def _gradients(size: dict) -> tuple:
    points = size["n"] + size["m"]
    if size["scope"] == "all_layers":
        flops = 3 * size["flops"] * points
        return TENSORFLOW + 3 * 8 * points * size["D"], 20 + flops / CORE, flops
    batch = min(size["batch_size"], points)
    block = batch * (size["sample_bytes"] + 8 * (size["D"] + 2 * size["C"]) + 4 * size["activations"])
    flops = size["flops"] * points
    return TENSORFLOW + block, 10 + flops / CORE, flops


def _given(size: dict) -> tuple:
    """Features as they are stored, twice, and where weights are solved for, three copies of them in float64."""
    points, wide = size["n"] + size["m"], size["n"] * size["D"]
    held = 2 * points * size.get("feature_bytes", 0) + 3 * 8 * wide + 4 * 8 * points * size["C"]
    return PLAIN + held, 5 + (4 * wide * size["D"] + 4 * points * size["D"] * size["C"]) / CORE, 0.0


def _hessian(size: dict) -> tuple:
    if size["scope"] == "all_layers":
        # a Hessian-vector product over the data for each column
        flops = 5 * 3 * size["flops"] * size["n"] * size["D"]
        return TENSORFLOW + 4 * 8 * size["D"] ** 2, 20 + flops / CORE, flops
    found = cost.hessian(size["n"], size["D"], size["C"])
    return PLAIN + found["bytes"], 5 + found["flops"] / CORE, found["flops"]


def _factors(copies: float, passes: float):
    """Work on the two factors: so many copies of them in memory, so many products of all points with one vector."""

    def found(size: dict) -> tuple:
        n, D, C = size["n"], size["D"], size["C"]
        base = PLAIN + 8 * (D * C) ** 2 * 2 + size["n"] * size["sample_bytes"]
        held = base + copies * cost.factor_bytes(n + size["m"], D, C)
        targets = size.get("targets", EVERY_PAIR_TARGETS)
        flops = passes * cost.all_pairs(1, n, D, C)["flops"]
        return held + 2 * 8 * targets * n, 10 + flops / CORE, flops

    return found


def _influence(size: dict) -> tuple:
    targets = min(size.get("targets", EVERY_PAIR_TARGETS), size["n"])
    return _factors(6, size["n"] / 10 + targets)(size | {"targets": targets})


def _groups(size: dict) -> tuple:
    """Algorithm 1: every member of every group is chosen among all points, see `cost.groups`."""
    n, D, C = size["n"], size["D"], size["C"]
    groups, members = size.get("group_seeds", 10), size.get("group_size", 25)
    scored = 8 * groups * (SCORED * n + 1.25 * C * min(n, SCORED_AT_ONCE) + 3 * D * C)
    held = _factors(6, 0)(size)[0] + scored
    if size.get("adaptive"):
        found = cost.adaptive_groups(groups, members, n, D, C)
        seconds = groups * members * n * (A_MOVED_POINT + A_MOVED_LOGIT * C)
        held = max(held, PLAIN + found["bytes"])
    else:
        found = cost.groups(groups, members, n, D, C)
        seconds = groups * members * (A_PICK + A_POINT * n)
    return held, 10 + seconds + found["flops"] / MEMBER, found["flops"]


def _stopped_groups(size: dict) -> tuple:
    """The same, and where each growth stops, where that is told by how alike its members are, see `cost.stop`."""
    held, seconds, flops = _groups(size)
    members = 0 if size.get("stop", "size") in ("size", "peak") else size.get("group_size", 25)
    stop = cost.stop(size.get("group_seeds", 10), members, size["D"] * size["C"])
    return held + stop["bytes"], seconds + stop["flops"] / MEMBER, flops + stop["flops"]


def _top(size: dict) -> tuple:
    found = cost.top_k(
        size["n"] + size["m"], size["n"], size["D"], size["C"], size.get("top", 25), size.get("block", 1024)
    )
    return PLAIN + found["bytes"], 10 + found["flops"] / SINGLE, found["flops"]


def _removals(size: dict) -> tuple:
    held = 8 * (size["n"] + size["m"]) * size["n"] * 6
    return TENSORFLOW + held, 60 + held / MB, 0.0


def _datamodels(size: dict) -> tuple:
    points, subsets = size["n"] + size["m"], size["subsets"]
    held = 3 * subsets * (9 * size["n"] + 8 * points) + 5 * 8 * points * size["n"]
    flops = 17 * 3 * (subsets * size["n"] ** 2 + 2 * subsets * size["n"] * points)
    return DRAWING + held, 20 + flops / CORE, 0.0


def _boundary(size: dict) -> tuple:
    return TENSORFLOW, 10.0, 0.0


def _points(size: dict) -> tuple:
    """Boundary scores of points: a pass over the factors, or DeepFool in all layers (see `boundary_cost`)."""
    if size["scope"] == "last_layer":
        return _factors(2, 4)(size)
    others = max(2, size["classes"]) - 1
    held = size["slots"] * 8 * (5 * size["parameters"] + (2 * others + 1) * 3 * size["activations"])
    points = size["n"] if size["boundary_points"] == "all" else size["boundary_points"]
    flops = 3 * points * size["flops"] * (2 + 2 * others)
    return TENSORFLOW + held, 15 + flops / CORE, flops


def _group_forms(size: dict) -> tuple:
    """Boundary scores of drawn groups: in all layers some ten steps of every member for every class."""
    if size["scope"] == "last_layer":
        return _factors(4, 4)(size)[0], 20 + 0.2 * size["boundary_groups"], 0.0
    others = max(2, size["classes"]) - 1
    flops = 3 * 10 * size["boundary_members"] * size["flops"] * (2 + 2 * others)
    held = size["slots"] * 8 * (5 * size["parameters"] + (2 * others + 1) * 3 * 50 * size["activations"])
    return TENSORFLOW + held, 60 + flops / CORE, flops


def _boundary_groups(size: dict) -> tuple:
    """Algorithm 1 with a boundary score; in all layers each candidate's group is walked some thirty steps."""
    held = _factors(8, 4)(size)[0]
    if size["scope"] == "last_layer":
        return held, A_SEED * size.get("group_seeds", 10), 0.0
    flops = 30 * 200 * 25**2 / 2 * 10 * 3 * size["flops"]
    return (
        TENSORFLOW + held + size["slots"] * 8 * (5 * size["parameters"] + 75 * size["activations"]),
        flops / CORE,
        flops,
    )


def _inspection(size: dict) -> tuple:
    flops = 2.0 * size["n"] ** 2 * size["D"]
    return _factors(6, 4)(size)[0], 60 + flops / CORE, 0.0


def _scores(size: dict) -> tuple:
    """Scores of one method: what the most expensive of them takes, neighbours of all points or pairs of the images."""
    held, seconds, flops = _factors(12, 143 * 6)(size)
    return held, seconds + _inspection(size)[1], flops


def _grown(size: dict) -> tuple:
    """Groups by one method from the seeds of a table: what the most expensive of them takes.

    That is a form of the boundary, or Algorithm 1, which goes with the number of seeds and with the square of k = D C:
    with a number of seeds of each class, with the third power of the classes, up to `most` of overlap.seeds.
    """
    grown = {"group_seeds": size["compared_seeds"], "group_size": size["compared_size"], "adaptive": False}
    of_scores, seconds, _ = _groups(size | grown)
    held = max(of_scores, _factors(12, 8 * 143 * 6)(size)[0])
    return held, max(A_SEED * size["compared_seeds"], seconds, _factors(8, 2 * 150 * 26)(size)[1]), 0.0


def _partition(size: dict) -> tuple:
    """k-means on the factors, and kernels of all points where memory is reckoned for them."""
    n, restarts = size["n"], 20
    kernels = 6 * 8 * min(n, KERNEL_POINTS) ** 2
    passes = 2 * restarts * size["classes"] * 30
    held, seconds, flops = _factors(4, passes)(size | {"targets": 0})
    return TENSORFLOW + held + kernels, 120 + seconds, flops


def _refitted(subsets: int, size: dict) -> tuple:
    """Newton's method: the Hessian of all points and of each subset, k = D C, and factors of one block of subsets."""
    k = size["D"] * size["C"]
    held, flops = 8 * (3 * k**2 + 2 * size["n"] * size["D"]), 2.0 * size["n"] * k**2 * 10 + subsets * k**3
    return DRAWING + (128 << 20) + held + 9 * subsets * size["n"], 20 + flops / CORE, 0.0


# The rules whose cost has a size, or TensorFlow; every other one draws or tabulates what is there: a measured constant.
COSTS = {
    "prepare_cifar10": _prepare,
    "prepare_arrays": _prepare,
    "train_model": _train,
    "map_decision_boundary": _boundary,
    "cache_gradients": _gradients,
    "read_factors": _given,
    "cache_hessian": _hessian,
    "compute_influence": _influence,
    "compute_topk": _top,
    "find_groups": _stopped_groups,
    "measure_group_growth": _factors(6, 2000),
    "evaluate_study": _factors(6, 100),
    "measure_overlap": _factors(8, 4 * 100 * 12),
    "measure_retrieval": _factors(12, 8 * 143 * 6),
    "retrain_leave_one_out": _members(lambda size: _twice(size["n"], size)),
    "retrain_groups": _members(lambda size: _twice(size["removals"], size)),
    "retrain_subsets": _members(lambda size: size["members"]),
    "grow_removals": lambda size: _groups(
        size | {"group_seeds": size["grown"], "group_size": size["largest_removal"], "adaptive": False}
    ),
    "retrain_truth": _truth,
    "retrain_without_top": lambda size: _truth(size | {"members": size["without_top"]}),
    "partition_training_set": _partition,
    "improve_groups": _groups,
    "measure_stop_conditions": _partition,
    "retrain_parts": lambda size: _truth(size | {"members": PARTS_LEAVE}),
    "refit_parts": lambda size: _refitted(PARTS_LEAVE, size),
    "attribute_method": _attributed,
    "explain_method": lambda size: _attributed(size | {"tested": size["explained"]}),
    "predict_folds": lambda size: _truth(size | {"members": size["folds"]}),
    "list_suspicious": _listed,
    "list_explanations": _listed,
    "write_explore_page": _page,
    # every pair of points by the whitened gradients, blocks of 512
    "find_near_duplicates": lambda size: _factors(8, (size["n"] + size["m"]) / 10)(size | {"targets": 512}),
    # without none, the named points, and the random sets
    "retrain_without_named": lambda size: _truth(size | {"members": 2 + 2 * size["removal_networks"]}),
    "refit_without_named": lambda size: _refitted(1 + 2 * size["removal_draws"], size),
    "measure_smoothness": _smooth,
    # ridge on as many subsets as are fitted, each mask of n points, and the attributions of the test points
    "measure_embeddings": lambda size: (
        DRAWING + 8 * size["n"] * (3 * size["fitted"] + 2 * size["tested"]),
        120.0,
        0.0,
    ),
    "predict_removals": lambda size: (
        TENSORFLOW
        + _factors(6, 10)(size)[0]
        + 16 * size["n"] * size["C"] * min(size["parameters"], 9000)
        + 24 * min(size["parameters"], 9000) ** 2,
        60 + 1e-9 * size["removals"] * min(size["parameters"], 9000) ** 3,
        0.0,
    ),
    "measure_stability": lambda size: (DRAWING + 8 * 40 * size["n"] * size["tested"], 60.0, 0.0),
    "measure_lds": lambda size: (DRAWING + 8 * 40 * size["n"] * 1000, 60.0, 0.0),
    "compute_boundary": _points,
    "measure_group_boundary": _group_forms,
    "find_boundary_groups": _boundary_groups,
    "compare_boundary_groups": lambda size: (_factors(12, 4)(size)[0], A_SEED * size["compared_seeds"], 0.0),
    "measure_inspection": _inspection,
    "score_method": _scores,
    "group_method": _grown,
    "map_boundary_move": _boundary,
    "compare_removals": _removals,
    "fit_datamodels": _datamodels,
}
