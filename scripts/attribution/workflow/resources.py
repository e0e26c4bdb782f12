"""What a job asks for: memory, minutes, threads and GPUs, by the experiment's size in its wildcards."""

import functools
import json
import os
from collections.abc import Callable

from attribution.costs import data_sizes, requests, stored_ids
from attribution.files.results.partition import BY_RETRAINING
from attribution.runtime import devices
from attribution.settings import points
from attribution.workflow import registry, shards, studies


def once_a_version(look: Callable) -> Callable:
    """A function of a data set that looks once at one version of the user's file."""

    @functools.cache
    def of_version(dataset: str, version: int):
        return look(json.loads(dataset))

    def found(dataset: dict):
        path = dataset.get("path", "")
        return of_version(json.dumps(dataset), os.stat(path).st_mtime_ns if os.path.isfile(path) else 0)

    return found


# training and test rows of the source, and their ids, see there
source_rows, source_ids = once_a_version(data_sizes.rows), once_a_version(stored_ids.of)
_data_size, _per_class = once_a_version(requests.of_data), once_a_version(data_sizes.per_class)


def data_size(dataset: dict) -> dict:
    """Numbers of points and shape of a data set."""
    return dict(_data_size(dataset))


def per_class(dataset: dict) -> list[int] | None:
    """Training points of each class, see `data_sizes.per_class`; None where there is no file."""
    return _per_class(dataset) if os.path.isfile(dataset.get("path", "")) else None


def size_of(config: dict, wildcards) -> dict:
    """The sizes that a job's request depends on, as far as its wildcards give them."""
    if not hasattr(wildcards, "dataset"):
        return {}
    data = data_size(config["datasets"][wildcards.dataset])
    if not hasattr(wildcards, "model"):
        return data
    chosen, retrained = config["influence"], config["retraining"]["groups"]
    groups = studies.group_settings(config, wildcards)
    subgroups = len(studies.subgroups(config, wildcards)) or data["classes"]
    targets, drawn = studies.influence_targets(config, wildcards), config["boundary"]["groups"]
    members = trained(config, data["n"], wildcards)
    facts = {
        "batch_size": chosen["batch_size"],
        "targets": data["n"] if targets == "all" else len(points.alone(targets)),
        "top": chosen["topk"]["size"],
        "block": chosen["topk"]["block"],
        "matrix_gb": chosen["matrix_gb"],
        "group_size": groups["size"],
        "group_seeds": requests.starts(groups["seeds"], data["classes"], subgroups),
        "adaptive": groups["adaptive"],
        "stop": groups["stop"],
        "removals": 3 * len(retrained["shares"]) * retrained["draws"],
        "grown": len(config["truth"]["found"]) * len(retrained["shares"]) * retrained["draws"],
        "largest_removal": max(1, round(max(retrained["shares"]) * data["n"])),
        "subsets": int(getattr(wildcards, "subsets", 0)),
        "members": members,
        "fitted": config["truth"]["fitted"]["subsets"],
        "tested": min(config["truth"]["targets"], data["m"]),
        "differentiated": differentiated(config, wildcards),
        "kept_of_gradients": kept_of_gradients(config, data["n"], wildcards),
        "judged": config["truth"][wildcards.extent]["subsets"] if hasattr(wildcards, "extent") else 0,
        "folds": config["answers"]["folds"],
        "explained": explained(config, data["classes"]),
        "removal_draws": config["answers"]["removal"]["draws"],
        "removal_networks": config["answers"]["removal"]["networks"],
        "page_points": config["answers"]["page"]["points"],
        "choosing": BY_RETRAINING in config["methods"]["partition"],
        "numbers": config["partition"]["most"] if config["partition"]["parts"] == "removal" else 0,
        "without_top": 1 + config["truth"]["brittleness"]["targets"] * len(config["truth"]["brittleness"]["shares"]),
        "smoothed": config["truth"]["smoothness"]["draws"] * len(config["truth"]["alphas"]),
        "followed": min(config["truth"]["smoothness"]["targets"], data["m"]),
        "compared_seeds": compared_seeds(config, wildcards.dataset, data["classes"], subgroups),
        "compared_size": max(config["overlap"]["size"], config["boundary"]["greedy"]["size"]),
        "boundary_points": config["boundary"]["points"]["points"],
        "slots": config["boundary"]["points"]["slots"],
        "boundary_groups": 2 * data["classes"] * len(drawn["sizes"]) * drawn["draws"],
        "boundary_members": 2 * data["classes"] * sum(drawn["sizes"]) * drawn["draws"],
    }
    return requests.of_run(data, config["models"][wildcards.model], studies.scope_of(wildcards), **facts)


def trained(config: dict, n: int, wildcards) -> int:
    """Networks that a shard of retrainings trains; 0 for other jobs.

    Args:
        n: training points.
    """
    if not hasattr(wildcards, "shard"):
        return 0
    if not hasattr(wildcards, "truth"):
        return shards.numbers(config["datamodels"], wildcards.shard)[1]
    chosen, drawn = config["truth"], config["retraining"]["groups"]
    each = (3 + len(chosen["found"])) * len(drawn["shares"])
    several = {"leave-one-out": min(chosen["leave_one_out"], n), "groups": each * drawn["draws"]}
    count = several.get(wildcards.sets) or shards.shard_range(chosen["shards"], int(wildcards.shard))[1]
    return (1 + count) * (1 if wildcards.truth == "fixed" else chosen["repetitions"])


def differentiated(config: dict, wildcards) -> int:
    """Trainings that a method takes derivatives through: those on random subsets where it has such, else one."""
    return config["unrolled"]["subsets"]["networks"] if "unrolled.subsets" in read_by(wildcards) else 1


def kept_of_gradients(config: dict, n: int, wildcards) -> int:
    """Bytes that TRAK keeps of the gradients of n points: features of each projection in float32 and a matrix of inner
    products, or two matrices of all pairs, where they are not refused."""
    if "trak.projection" not in read_by(wildcards):
        return 0
    size, blocks = config["trak"]["projection"], config["trak"]["blocks"]
    if size == "none":
        return 16 * n**2 if kernel_fits(config, n) else 0
    return 4 * n * size * blocks + 8 * min(size, n) ** 2


def kernel_fits(config: dict, n: int) -> bool:
    """Whether a matrix of all pairs of n points is within influence.matrix_gb."""
    return 8 * n**2 / 1e9 <= config["influence"]["matrix_gb"]


def read_by(wildcards) -> tuple:
    """Settings that the method of these wildcards reads; none where they name a mean or an untrained network's."""
    name = getattr(wildcards, "method", None)
    return registry.told(name, "settings") if name in registry.METHODS else ()


def explained(config: dict, classes: int) -> int:
    """Test points that are explained, at most."""
    chosen = config["answers"]["explanations"]
    each = classes if chosen["each_class"] else 1
    return each * (chosen["wrong"] + chosen["uncertain"]) + len(chosen["rows"])


def compared_seeds(config: dict, dataset: str, classes: int, subgroups: int) -> int:
    """Seed points of `compare_boundary_groups`: the injected images where there are some, about 150, or the draws."""
    if config["datasets"][dataset].get("inject"):
        return 150
    return requests.starts(config["overlap"]["seeds"], classes, subgroups)


def asked(workflow, config: dict, rule: str) -> dict:
    """Resources of a rule: memory, minutes and GPUs by the experiment's size, more at each attempt.

    `serial` is for groups of jobs, see profiles/slurm. On a machine without a GPU none is asked for.
    """

    def of(key):
        return lambda wildcards, attempt: requests.request(rule, size_of(config, wildcards), attempt)[key]

    def gpu(wildcards, attempt):
        here = workflow.executor_plugin is not None and workflow.local_exec and not workflow.dryrun
        return 0 if here and not devices.visible() else requests.request(rule, size_of(config, wildcards))["gpu"]

    found = {"mem_mb": of("mem_mb"), "runtime": of("runtime"), "serial": 1}
    return found | ({"gpu": gpu} if rule in requests.GPU_RULES else {})


def cpus(config: dict, rule: str):
    """Threads of a rule, by the experiment's size."""
    return lambda wildcards: requests.request(rule, size_of(config, wildcards))["threads"]


def share_gpus(workflow) -> None:
    """Local runs train at most as many networks at a time as there are GPUs; `--resources gpu=2` allows others.

    Not in profiles/default: its `resources` would replace those of profiles/slurm.
    """
    if "gpu" not in workflow.global_resources:
        workflow.register_resource("gpu", max(1, len(devices.visible())))
