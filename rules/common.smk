# What the rules share: the code a script depends on, settings of wildcards, paths. No rules here.

import ast
import functools
import hashlib
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import flag, is_flagged

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE / "scripts"))

from attribution.costs import requests as requirements
from attribution.data import download
from attribution.files import digests, unreadable
from attribution.retraining import subsets
from attribution.runtime import clone_path, cluster, devices, environment
from attribution.settings import check as settings
from attribution.settings import datasets, run_checks, texts
from attribution.settings import schema as settings_schema

if clone_path.refusal(str(BASE)):
    raise WorkflowError(clone_path.refusal(str(BASE)))
# Snakemake starts the scripts by it, in a shell
sys.executable = environment.interpreter(sys.executable, os.environ)

RUN = "results/{dataset}/{model}/seed{seed}"
SCOPES = ("last_layer", "all_layers")
BUILT_IN = ("toy", "toy-flipped")  # studies of config.yaml
# for scores by gradient ascent on a network whose training is not known
KERAS_DEFAULT = {"optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "epochs": 1, "schedule": []}
# results that do not depend on the scope
OF_THE_RUN = (
    "model.keras",
    "history.csv",
    "decision_boundary.h5",
    "removals.h5",
    "removals.csv",
    "datamodels-small.csv",
    "datamodels-full.csv",
    "overlap.csv",
    "boundary_overlap.csv",
    "overlap.h5",
    "retrieval.h5",
    "retrieval.csv",
    "boundary_move.h5",
)


def in_one_sentence(check, *arguments):
    """Stop with one sentence when a check finds that the configuration cannot be; else what it returns."""
    try:
        return check(*arguments)
    except settings.SettingError as error:
        raise WorkflowError(f"Configuration: {error}") from None


def check_settings():
    """Bring the configuration into the form in which rules read it, and check it before any job."""
    schema = settings_schema.load(BASE / "config/schema")
    odd = {}
    for path in workflow.configfiles:
        odd |= texts.odd_numbers(Path(path).read_text(encoding="utf-8"))
    prepared = in_one_sentence(settings.prepared, config, schema, workflow.config_settings.config_args, odd)
    in_one_sentence(settings.check, prepared, schema)
    config.clear()
    config.update(prepared)


def one_of_names(names):
    """Regular expression of these names; it matches nothing where there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


@functools.cache
def imported(path):
    """Modules of scripts/ that a Python file imports; each is parsed once, however many rules use it."""
    root, modules = BASE / "scripts", []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names.append(node.module)
        else:
            continue
        modules += [root.joinpath(*name.split(".")).with_suffix(".py") for name in names]
    return [module for module in modules if module.exists()]


def modules(script):
    """The script and every module of scripts/ that it imports, also indirectly: Snakemake does not follow imports.

    But for what decides no number: what a job prints, waits for and runs on, and predictions of memory and time.
    """
    found, waiting = set(), [BASE / "scripts" / script]
    while waiting:
        path = waiting.pop()
        if path in found or path.parent.name in ("runtime", "costs"):
            continue
        found.add(path)
        waiting += imported(path)
    return sorted(os.path.relpath(path) for path in found)


def code(script):
    """The script and the modules that it uses, as an input."""
    return by_content(modules(script))


def by_content(files):
    """Mark inputs that come from outside results/; their content decides, see `enter_digests`, and no date."""
    return flag(ancient(files), "by_content")


@functools.cache
def digest_of(path, kind="sha256"):
    """Digest of such an input; None where there is no such file, which Snakemake says itself."""
    if not os.path.isfile(path):
        return None
    try:
        return digests.of_file(path, ".snakemake/digests.json", kind)
    except OSError as error:
        raise WorkflowError(
            f"{path} cannot be read ({error.strerror}); make it readable, or name another file in the settings"
        ) from None


@functools.cache
def digest_of_all(paths):
    """One digest of several files with their names, that of a single file as it is."""
    if len(paths) == 1:
        return digest_of(paths[0])
    return hashlib.sha256(repr([(path, digest_of(path)) for path in paths]).encode()).hexdigest()


def digests_of(step, wildcards):
    """Digests of a job's inputs that are marked with `by_content`, by the names of the inputs.

    Only where Snakemake decides what to run: in the jobs that it submits nothing is decided, or read, once more.
    """
    if not workflow.is_main_process:
        return {}
    found = {}
    for name, files in step.expand_input(dict(wildcards.items()))[0].items():
        files = [files] if isinstance(files, str) else files
        marked = tuple(str(file) for file in files if is_flagged(file, "by_content"))
        if marked:
            found[name] = digest_of_all(marked)
    if "archive" in found:
        require_archive(wildcards.dataset)
    return found


def enter_digests():
    """Give every rule the digests of its inputs from outside results/ as the parameter `digests`.

    So a version with an older date is noticed, and one that was only touched is not. Call it after all rules.
    """
    for step in workflow.rules:
        if step.script:
            step.set_params(digests=functools.partial(digests_of, step))


@functools.cache
def data_size(dataset):
    """Numbers of points and shape of a data set, for what its rules ask for."""
    return requirements.of_data(config["datasets"][dataset])


def compared_seeds(dataset, classes):
    """Seed points of `compare_boundary_groups`: the injected images where there are some, about 150, or the draws."""
    if config["datasets"][dataset].get("inject"):
        return 150
    count = 0
    for point in config["overlap"]["seeds"]:
        draw = point if isinstance(point, dict) else {"random": 1}
        count += draw.get("random", 0) + classes * (draw.get("each_class", 0) + draw.get("each_subgroup", 0))
    return count


def size_of(wildcards):
    """The sizes that a job's request depends on, as far as its wildcards give them."""
    if not hasattr(wildcards, "dataset"):
        return {}
    data = data_size(wildcards.dataset)
    if not hasattr(wildcards, "model"):
        return data
    chosen, study = config["influence"], study_of(wildcards)
    variant = group_variant(wildcards) if hasattr(wildcards, "variant") else ""
    groups, retrained = settings.group(config["groups"], variant, study), config["retraining"]["groups"]
    subgroups = len(settings.subgroups(config["datasets"][wildcards.dataset])) or data["classes"]
    targets, drawn = influence_targets(wildcards), config["boundary"]["groups"]
    facts = {
        "batch_size": chosen["batch_size"],
        "targets": data["n"] if targets == "all" else len(targets),
        "top": chosen["topk"]["size"],
        "block": chosen["topk"]["block"],
        "group_size": groups["size"],
        "group_seeds": requirements.starts(groups["seeds"], data["classes"], subgroups),
        "adaptive": groups["adaptive"],
        "removals": 3 * len(retrained["shares"]) * retrained["draws"],
        "subsets": int(getattr(wildcards, "subsets", 0)),
        "members": shard_numbers(wildcards.shard)[1] if hasattr(wildcards, "shard") else 0,
        "compared_seeds": compared_seeds(wildcards.dataset, data["classes"]),
        "boundary_points": config["boundary"]["points"]["points"],
        "slots": config["boundary"]["points"]["slots"],
        "boundary_groups": 2 * data["classes"] * len(drawn["sizes"]) * drawn["draws"],
        "boundary_members": 2 * data["classes"] * sum(drawn["sizes"]) * drawn["draws"],
    }
    scope = scope_of(wildcards) if hasattr(wildcards, "scope") else "last_layer"
    return requirements.of_run(data, config["models"][wildcards.model], scope, **facts)


def asked(rule):
    """Resources of a rule: memory, minutes and GPUs by the experiment's size, more at each attempt.

    `serial` is for groups of jobs, see profiles/slurm. On a machine without a GPU none is asked for.
    """

    def of(key):
        return lambda wildcards, attempt: requirements.request(rule, size_of(wildcards), attempt)[key]

    def gpu(wildcards, attempt):
        here = workflow.executor_plugin is not None and workflow.local_exec and not workflow.dryrun
        return 0 if here and not devices.visible() else requirements.request(rule, size_of(wildcards))["gpu"]

    found = {"mem_mb": of("mem_mb"), "runtime": of("runtime"), "serial": 1}
    return found | ({"gpu": gpu} if rule in requirements.GPU_RULES else {})


def cpus(rule):
    """Threads of a rule, by the experiment's size."""
    return lambda wildcards: requirements.request(rule, size_of(wildcards))["threads"]


def share_gpus():
    """Local runs train at most as many networks at a time as there are GPUs; `--resources gpu=2` allows others.

    Not in profiles/default: its `resources` would replace those of profiles/slurm.
    """
    if "gpu" not in workflow.global_resources:
        workflow.register_resource("gpu", max(1, len(devices.visible())))


def refuse_duplicates():
    """Stop before the first job while jobs of an earlier run in this folder are on the cluster."""
    jobs = cluster.earlier_jobs(os.getcwd())
    if jobs:
        raise WorkflowError(cluster.refusal(jobs))


def loaded_by(*loaders):
    """Regular expression of the data sets with one of these loaders."""
    return one_of_names(name for name, dataset in config["datasets"].items() if dataset["loader"] in loaders)


def existing(dataset, key):
    """The file that a data set's setting names, an input by content, or one sentence when there is none."""
    path = config["datasets"][dataset][key]
    if not os.path.isfile(path):
        raise WorkflowError(
            f"datasets.{dataset}.{key} is '{path}', and there is no such file; give its path, relative to {os.getcwd()}"
            + ("" if os.path.exists(path) else f" ({unreadable.absent(path)})")
        )
    return by_content(path)


def archive_of(wildcards):
    """The archive of a cifar10 data set: downloaded, or on disk. Its digest is a setting, so its age says nothing."""
    path = datasets.downloaded(config["datasets"][wildcards.dataset])
    return ancient(path) if path else existing(wildcards.dataset, "archive")


def require_archive(dataset):
    """Stop before any job when an archive on disk is not the one of its digest: a job would remove its old result."""
    chosen = config["datasets"][dataset]
    kind, _, expected = chosen["digest"].partition(":")
    found = digest_of(chosen["archive"], kind)
    if found != expected:
        raise WorkflowError(download.another(chosen["archive"], kind, found, expected))


def pairs_of(wildcards):
    """The CSV of the test images that move into the training set, where there is one."""
    return {"pairs": existing(wildcards.dataset, "inject")} if data_settings(wildcards)["inject"] else {}


def data_settings(wildcards):
    """A data set's settings with the defaults of what is not given."""
    return datasets.complete(config["datasets"][wildcards.dataset])


def download_of(wildcards):
    """Address and digest of an archive in results/downloads."""
    path = f"results/downloads/{wildcards.folder}/{wildcards.file}"
    for dataset in config["datasets"].values():
        if dataset["loader"] == "cifar10" and datasets.downloaded(dataset) == path:
            return {"address": dataset["archive"], "digest": dataset["digest"]}
    raise WorkflowError(f"{path} was asked for, but no data set has an archive of that name and digest")


def style_file():
    """The figures' style file, relative to the working directory like every input."""
    return by_content(os.path.relpath(BASE / config["figures"]["style"]))


def scope_of(wildcards):
    """Name of the scope whose folder the wildcard gives."""
    return wildcards.scope[1:] or "last_layer"


def study_of(wildcards):
    """The study that a data set belongs to: the first one that names it, or an empty one."""
    return config["studies"].get(run_checks.study_of(config, wildcards.dataset), {})


@functools.cache
def most_points(dataset):
    """The most training points that a data set can have; None where nothing says."""
    size, injected = data_size(dataset), config["datasets"][dataset].get("inject")
    return (size["n"] + size["m"] if injected else size["n"]) or None


def data_for(check):
    """Input function: data.h5 of a run, once the settings that its job reads fit the run's data (see `run_checks`)."""

    def file(wildcards):
        variant = {"variant": group_variant(wildcards)} if hasattr(wildcards, "variant") else {}
        arguments = (config, wildcards.dataset, most_points(wildcards.dataset))
        in_one_sentence(functools.partial(check, *arguments, **variant))
        return f"results/{wildcards.dataset}/data.h5"

    return file


def influence_targets(wildcards):
    """Rows of the influence matrix: the study's, else those of section `influence`."""
    return study_of(wildcards).get("influence", {}).get("targets", config["influence"]["targets"])


def evaluated_variants(wildcards):
    """Variants of Algorithm 1 that evaluation.csv compares; the adaptive form exists in the last layer only."""
    chosen = config["evaluation"]["variants"]
    if scope_of(wildcards) == "last_layer":
        return list(chosen)
    return [name for name in chosen if not settings.group(config["groups"], name)["adaptive"]]


def measured_of(wildcards):
    """Tables of a run without a plane: of all data, of injected near-duplicates, of flipped labels."""
    chosen = data_settings(wildcards)
    found = ["overlap", "boundary_overlap"]
    found += [name for name, key in (("retrieval", "inject"), ("inspection", "flipped")) if chosen[key]]
    return {name: f"{RUN.format(**wildcards)}/{name}.csv" for name in found}


def group_settings(wildcards):
    """Settings of Algorithm 1 for a variant; groups.h5 itself takes the section's own values."""
    return settings.group(config["groups"], group_variant(wildcards), study_of(wildcards))


def group_variant(wildcards):
    """Name of the variant that the wildcard gives, or an empty one."""
    variant = wildcards.variant.removeprefix("-")
    if variant and variant not in config["groups"]["variants"]:
        known = ", ".join(config["groups"]["variants"])
        raise WorkflowError(
            f"groups-{variant}.h5 was asked for, but groups.variants has no '{variant}'; defined are {known}"
        )
    return variant


def run_path(study, name, model=None, seed=None, scope=None):
    """Path of a result of a study; model, seed and scope are the study's own unless given."""
    checked_study(study)
    chosen = config["studies"][study]
    run = RUN.format(
        dataset=chosen["dataset"],
        model=model or chosen["model"],
        seed=chosen["seed"] if seed is None else seed,
    )
    scope = scope or chosen["scope"]
    # results of the last layer, and those of the network itself, stand in the run's own folder
    shared = scope == "last_layer" or name in OF_THE_RUN
    return f"{run}/{name}" if shared else f"{run}/{scope}/{name}"


def of_study(name, **where):
    """Input function: that result of the study in the wildcards."""
    return lambda wildcards: run_path(wildcards.study, name, **where)


def data_of_study(wildcards):
    return f"results/{config['studies'][wildcards.study]['dataset']}/data.h5"


@functools.cache
def checked_study(study):
    """Stop with one sentence where a study does not fit its data set."""
    in_one_sentence(run_checks.study, config, study)


def required_study(study, *keys):
    """Stop with one sentence where the settings lack a study that a target names, or a key of it."""
    if study not in config["studies"]:
        if study in BUILT_IN:
            raise WorkflowError(f"studies.{study} is switched off in the settings, and this target is of that study")
        raise WorkflowError(f"studies.{study} is missing; add --configfile config/cifar10.yaml, or a file like it")
    checked_study(study)
    for key in keys:
        if key not in config["studies"][study]:
            raise WorkflowError(f"studies.{study}.{key} is missing; set it, config/README.md says how")


def study_target(study, figures, *keys):
    """Input function: these figures of a study, which must have these keys."""

    def files(wildcards):
        required_study(study, *keys)
        return [f"results/figures/{study}/{name}.png" for name in figures]

    return files


def study_result(study, name, scope=None):
    """Input function: a result of a study."""

    def file(wildcards):
        required_study(study)
        return run_path(study, name, scope=scope)

    return file


def study_table(study, name):
    """Input function: a table of a study over its training seeds."""

    def file(wildcards):
        required_study(study, "seeds")
        return f"results/{study}/{name}"

    return file


def study_results(study):
    """Input function: results that no figure draws, the other scope and the table of the evaluation."""

    def files(wildcards):
        required_study(study)
        other = [scope for scope in SCOPES if scope != config["studies"][study]["scope"]]
        return [
            run_path(study, "evaluation.csv"),
            *(run_path(study, name, scope=scope) for scope in other for name in ("influence.h5", "groups.h5")),
        ]

    return files


def code_of_network(script):
    """Input function: the code of a script that builds a recipe's network, with the file of its architecture.

    No import names that file, see `attribution.networks.build`, so that a new architecture reruns nothing.
    """

    def files(wildcards):
        name = f"attribution/networks/architectures/{config['models'][wildcards.model]['architecture']}.py"
        used = modules(name) if (BASE / "scripts" / name).exists() else []
        return by_content(sorted({*modules(script), *used}))

    return files


def own_model(wildcards):
    """The user's file of a recipe that names one, so that an edit trains anew."""
    return by_content(
        [config["models"][wildcards.model]["path"]] if "path" in config["models"][wildcards.model] else []
    )


def training_of(wildcards):
    """How the model was trained; a trained file of the user's does not say."""
    return config["models"][wildcards.model].get("training", KERAS_DEFAULT)


def network_of(wildcards):
    """The network and its data, which products in all layers need; the last layer needs only the factors."""
    if scope_of(wildcards) == "last_layer":
        return {}
    return {"data": f"results/{wildcards.dataset}/data.h5", "model": f"{RUN.format(**wildcards)}/model.keras"}


def inverse_of(wildcards):
    """What the damped inverse Hessian is applied with; products in all layers need the network."""
    run = f"{RUN.format(**wildcards)}{wildcards.scope}"
    files = {"gradients": f"{run}/gradients.h5", "hessian": f"{run}/hessian.h5"}
    return files | (network_of(wildcards) if config["influence"]["solver"] == "cg" else {})


def inverse_of_last_layer(wildcards):
    """The same for results that exist in the last layer only."""
    run = RUN.format(**wildcards)
    return {"gradients": f"{run}/gradients.h5", "hessian": f"{run}/hessian.h5"}


def boundary_of(wildcards):
    """What boundary scores are computed from: the last layer's factors, or the network itself."""
    return network_of(wildcards) or {"gradients": f"{RUN.format(**wildcards)}/gradients.h5"}


def repetitions(wildcards, name):
    """Files of networks trained again: the run's own training, and those that show its noise."""
    run, count = RUN.format(**wildcards), config["retraining"]["repetitions"]
    return [f"{run}/retraining/{name}-{repetition}.h5" for repetition in range(1 + count)]


def shard_numbers(shard):
    """First subset and number of subsets of a shard of retrainings."""
    if shard == "held-out":
        return [0, config["datamodels"]["held_out"]]
    return list(subsets.shard_range(config["datamodels"]["shards"], int(shard)))


def datamodel_files(wildcards):
    """Datamodels that figure 10 draws: of the shown subset size, from the largest number of subsets of the extent."""
    chosen = config["datamodels"]
    ending = f"alpha{chosen['shown_alpha']:g}-k{max(chosen[wildcards.extent])}.h5"
    return [run_path(wildcards.study, f"datamodels/{name}-{ending}", scope="last_layer") for name in SHOWN_ESTIMATORS]


def runs_of(study):
    """(model, seed) of every training in the table over seeds."""
    chosen = config["studies"][study]
    return [(model, seed) for model in chosen["recipes"] for seed in chosen["seeds"]]


def agreement_files(wildcards):
    """overlap.h5 of every model and training seed whose groups a study compares."""
    required_study(wildcards.study, "agreement")
    chosen = config["studies"][wildcards.study]["agreement"]
    return [
        run_path(wildcards.study, "overlap.h5", model=model, seed=seed)
        for model in chosen["models"]
        for seed in chosen["seeds"]
    ]


def subgroups_of_study(wildcards):
    """Names of the subgroups of the study's data."""
    return settings.subgroups(config["datasets"][config["studies"][wildcards.study]["dataset"]])


def pool_titles(wildcards):
    """Legend of figure 7 in the words of the data set."""
    study = config["studies"][wildcards.study]
    target, other = study["target"], study["other"]
    discs = config["datasets"][study["dataset"]]["discs"]
    colour = next(disc["class"] for disc in discs if disc["name"] == target)
    return {
        "boundary-target": f"boundary {target}",
        "boundary-other": f"boundary {other}",
        "boundary": f"boundary {colour}",
        "target": target,
        "other": other,
        "class": f"random {colour}",
        "all": "fully random",
    }


FIGURES = [
    "04-dataset",
    "05-self-influence",
    "06-relative-influence",
    "07-group-growth",
    "08-greedy-stages",
    "09-turning-point",
    "10-datamodels-small",
    "datamodel-scores-small",
    "leave-one-out",
    "leave-groups-out",
    "decision-boundary",
]
# of images: in targets cifar10_cnn, cifar10_resnet and cifar10_small, and in near_duplicates
IMAGE_FIGURES = [
    "training-curves",
    "extreme-images",
    "11-groups",
    "11-groups-influence",
    "11-groups-theta-relative",
    "11-groups-minimum",
    "overlap",
]
# of scores of groups by weights boundary, in targets toy_boundary and cifar10_boundary
BOUNDARY_FIGURES = ["15-group-boundary", "boundary-forms", "boundary-overlap"]
POINT_FIGURES = ["boundary-points", "boundary-solved"]
BOUNDARY_IMAGE_FIGURES = [*BOUNDARY_FIGURES, "14-boundary-groups-simple", "14-boundary-groups-exact"]
DUPLICATE_FIGURES = ["training-curves", "12-near-duplicates", "retrieval"]
# of studies whose labels were flipped; figure 13 is of two-dimensional data only
FLIPPED_FIGURES = ["inspection", "boundary-points", "boundary-points-all-layers", "boundary-solved"]
# datamodels that figure 10 puts one below the other
SHOWN_ESTIMATORS = ["retrain", "influence"]
