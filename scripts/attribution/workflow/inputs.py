"""Input functions of rules: which files a job reads, by its wildcards and the settings."""

import csv
import os

from snakemake.exceptions import WorkflowError
from snakemake.io import ancient

from attribution.files import unreadable
from attribution.settings import datasets, run_checks
from attribution.settings.errors import SettingError
from attribution.workflow import code as code_of
from attribution.workflow import contents, resources, shards, studies


def code(scripts, script: str):
    """The script and the modules that it uses."""
    return contents.by_content(code_of.modules(scripts, script))


def code_of_network(config: dict, scripts, script: str, wildcards):
    """The code of a script that builds a recipe's network, with the file of its architecture.

    No import names that file, see `attribution.networks.build`, so that a new architecture reruns nothing.
    """
    name = f"attribution/networks/architectures/{studies.recipe(config, wildcards)['architecture']}.py"
    used = code_of.modules(scripts, name) if (scripts / name).exists() else []
    return contents.by_content(sorted({*code_of.modules(scripts, script), *used}))


def style(config: dict, base, wildcards):
    """The figures' style file, relative to the working directory like every input."""
    return contents.by_content(os.path.relpath(base / config["figures"]["style"]))


def page(folder, wildcards):
    """The files that the page of a run is made of: template, style and scripts."""
    return contents.by_content([os.path.relpath(path) for path in sorted(folder.iterdir()) if path.is_file()])


# of data sets


def existing(config: dict, key: str, wildcards):
    """The file that a data set's setting names, of images the folder, or one sentence when there is none."""
    dataset = wildcards.dataset
    path = config["datasets"][dataset][key]
    loader = config["datasets"][dataset]["loader"]
    is_there = os.path.isdir if loader == "images" and key != "inject" else os.path.isfile
    # a folder of arrays
    if loader == "npz" and key == "path":
        is_there = os.path.exists
    return _there(f"datasets.{dataset}.{key}", path, is_there)


def _there(setting: str, path: str, is_there=os.path.isfile):
    """The file that a setting names, or one sentence when there is none."""
    if not is_there(path):
        raise WorkflowError(
            f"{setting} is '{path}', and there is no such file; give its path, relative to {os.getcwd()}"
            + ("" if os.path.exists(path) else f" ({unreadable.absent(path)})")
        )
    return contents.by_content(path)


def archive_of(config: dict, wildcards):
    """The archive of a cifar10 data set: downloaded, or on disk. Its digest is a setting, so its age says nothing."""
    path = datasets.downloaded(config["datasets"][wildcards.dataset])
    return ancient(path) if path else existing(config, "archive", wildcards)


def download_of(config: dict, wildcards) -> dict[str, str]:
    """Address and digest of an archive in results/downloads."""
    path = f"results/downloads/{wildcards.folder}/{wildcards.file}"
    for dataset in config["datasets"].values():
        if dataset["loader"] == "cifar10" and datasets.downloaded(dataset) == path:
            return {"address": dataset["archive"], "digest": dataset["digest"]}
    raise WorkflowError(f"{path} was asked for, but no data set has an archive of that name and digest")


def pairs_of(config: dict, wildcards) -> dict:
    """The CSV of the test images that move into the training set, and the test set's own file, where there are any."""
    chosen = studies.data_settings(config, wildcards)
    found = {"pairs": existing(config, "inject", wildcards)} if chosen["inject"] else {}
    return found | ({"test": existing(config, "test", wildcards)} if isinstance(chosen.get("test"), str) else {})


def human_labels_of(config: dict, wildcards) -> dict:
    """What people said of the labels of a data set, or of a study's, where its study names a file."""
    name = getattr(wildcards, "study", None) or run_checks.study_of(config, wildcards.dataset)
    path = config["studies"].get(name, {}).get("human_labels")
    return {"human": _there(f"studies.{name}.human_labels", path)} if path else {}


def removed_points(config: dict, wildcards) -> list[int | str]:
    """Rows and ids of the points that the study of a data set takes out; none where it names a file of them.

    Raises:
        WorkflowError: one sentence, where the study names none.
    """
    chosen = _removed(config, wildcards)[1]
    return [] if isinstance(chosen, str) else chosen


def removed_file(config: dict, wildcards) -> dict:
    """The file of these points, where the study names one.

    Raises:
        WorkflowError: one sentence, for a row or id, of the list or the file, that the data have not.
    """
    name, chosen = _removed(config, wildcards)
    where, found = f"studies.{name}.removed", {}
    if isinstance(chosen, str):
        found = {"points": _there(where, chosen)}
        where, chosen = f"{where}, '{chosen}',", _points_of(chosen)
    dataset = config["datasets"][wildcards.dataset]
    rows, ids = ([one for one in chosen if isinstance(one, kind)] for kind in (int, str))
    studies.in_one_sentence(run_checks.rows, where, rows, wildcards.dataset, training_rows(dataset))
    if ids:
        studies.in_one_sentence(run_checks.ids, where, ids, config, wildcards.dataset, training_ids(dataset))
    return found


def _points_of(path: str) -> list[int | str]:
    """Column `row` of a CSV file or, where it has none, `id`; what is no table or no number is the job's to report."""
    with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
        lines = list(csv.DictReader(file))
    if lines and "row" not in lines[0]:
        return [line["id"] for line in lines if line.get("id")]
    found = [(line["row"] or "").strip() for line in lines]
    return [int(row) for row in found if row.isdecimal()]


def named_networks(config: dict, wildcards) -> dict[str, str]:
    """Whole networks trained without these points; none where the settings ask for none, or do not say how one is
    trained: of a trained file, a last layer alone, a network without epochs."""
    trained = studies.training_of_model(config, wildcards.model).get("epochs")
    asked = trained and config["answers"]["removal"]["networks"]
    return {"networks": f"{run(wildcards)}/retraining/named.h5"} if asked else {}


def _removed(config: dict, wildcards) -> tuple[str, list | str]:
    name = run_checks.study_of(config, wildcards.dataset)
    chosen = config["studies"].get(name, {}).get("removed")
    if not chosen:
        raise WorkflowError(
            f"studies.{name}.removed is missing; give the points to take out, a list of rows of your own training "
            "array or of ids, or a CSV file with a column row or id"
        )
    return name, chosen


def data_for(config: dict, check, wildcards) -> str:
    """data.h5 of a run, once the settings that its job reads fit the run's data.

    Args:
        check: one of `run_checks`, of the settings, the data set and its most training points.
    """
    variant = {"variant": studies.group_variant(config, wildcards)} if hasattr(wildcards, "variant") else {}
    studies.in_one_sentence(require, config, check, wildcards.dataset, **variant)
    return f"results/{wildcards.dataset}/data.h5"


def require(config: dict, check, dataset: str, **variant) -> None:
    """Check settings against a data set, its most training points and, where they are known, those of each class.

    Raises:
        SettingError: one sentence.
    """
    check(config, dataset, most_points(config["datasets"][dataset]), **variant)
    run_checks.own_rows(config, dataset, training_rows(config["datasets"][dataset]), check, **variant)
    run_checks.own_ids(config, dataset, lambda: training_ids(config["datasets"][dataset]), check, **variant)
    each = resources.per_class(config["datasets"][dataset])
    if each:
        run_checks.drawn(config, dataset, each, check, **variant)


def allows(config: dict, check, dataset: str) -> bool:
    """Whether a data set passes such a check."""
    try:
        require(config, check, dataset)
    except SettingError:
        return False
    return True


def most_points(dataset: dict) -> int | None:
    """The most training points that a data set can have; None where nothing says."""
    size = resources.data_size(dataset)
    return (size["n"] + size["m"] if dataset.get("inject") else size["n"]) or None


def training_rows(dataset: dict) -> int | None:
    """The training rows of a data set's source, of which test images count on that may be put among them; None where
    nothing says."""
    train, test = resources.source_rows(dataset)
    return (train + test if dataset.get("inject") else train) or None


def training_ids(dataset: dict) -> list[str] | None:
    """Ids of the same; None where nothing says."""
    found = resources.source_ids(dataset)
    return found and found["train"] + (found["test"] if dataset.get("inject") else [])


# of runs


def own_model(config: dict, wildcards):
    """The user's file of a recipe that names one, so that an edit trains anew."""
    recipe = studies.recipe(config, wildcards)
    return contents.by_content([recipe["path"]] if "path" in recipe else [])


def own_network(config: dict, what: str, wildcards):
    """The same for what is computed with the network itself or trains it again.

    Args:
        what: is asked for, in words.

    Raises:
        WorkflowError: one sentence, for a recipe that is a last layer alone.
    """
    if studies.is_last_layer(config, wildcards.model):
        raise WorkflowError(studies.without_network(wildcards.model, what))
    return own_model(config, wildcards)


def own_training(config: dict, what: str, wildcards):
    """The same for what trains it again; errors as `require_training`."""
    require_training(config, what, wildcards.model)
    return own_model(config, wildcards)


def require_training(config: dict, what: str, model: str) -> None:
    """Check that a recipe says how its network is trained again.

    Args:
        what: is asked for, in words.

    Raises:
        WorkflowError: one sentence, for a trained file or a last layer alone, which do not say it.
    """
    if studies.is_last_layer(config, model):
        raise WorkflowError(studies.without_network(model, what))
    if not studies.training_of_model(config, model):
        raise WorkflowError(
            f"{what}: this trains the network again, and models.{model} has architecture "
            f"{config['models'][model]['architecture']}, which does not say how it was trained; give the "
            "network as architecture python-file with its training, or ask for results that need none"
        )


def own_factors(config: dict, wildcards):
    """The user's file of features and last layer, which has no gradients of other layers."""
    if studies.scope_of(wildcards) != "last_layer":
        raise WorkflowError(studies.without_network(wildcards.model, f"scope {studies.scope_of(wildcards)}"))
    return own_model(config, wildcards)


def network_of(wildcards) -> dict[str, str]:
    """The network and its data, which products in all layers need; the last layer needs only the factors."""
    if studies.scope_of(wildcards) == "last_layer":
        return {}
    return {"data": f"results/{wildcards.dataset}/data.h5", "model": f"{run(wildcards)}/model.keras"}


def network_with_convolution(config: dict, wildcards) -> dict[str, str]:
    """The network where its recipe may have a convolution."""
    return {"model": f"{run(wildcards)}/model.keras"} if studies.may_convolve(config, wildcards.model) else {}


def inverse_of(config: dict, wildcards) -> dict[str, str]:
    """What the damped inverse Hessian is applied with; products in all layers need the network."""
    files = {name: f"{run(wildcards)}{wildcards.scope}/{name}.h5" for name in ("gradients", "hessian")}
    return files | (network_of(wildcards) if config["influence"]["solver"] == "cg" else {})


def inverse_of_last_layer(wildcards) -> dict[str, str]:
    """The same for results that exist in the last layer only."""
    return {name: f"{run(wildcards)}/{name}.h5" for name in ("gradients", "hessian")}


def boundary_of(wildcards) -> dict[str, str]:
    """What boundary scores are computed from: the last layer's factors, or the network itself."""
    return network_of(wildcards) or {"gradients": f"{run(wildcards)}/gradients.h5"}


def repetitions(config: dict, name: str, wildcards) -> list[str]:
    """Files of networks trained again: the run's own training, and those that show its noise."""
    count = config["retraining"]["repetitions"]
    return [f"{run(wildcards)}/retraining/{name}-{repetition}.h5" for repetition in range(1 + count)]


def shard_numbers(config: dict, wildcards) -> list[int]:
    """First subset and number of subsets of a shard of retrainings."""
    return shards.numbers(config["datamodels"], wildcards.shard)


def subset_shards(config: dict, wildcards) -> list[str]:
    """Shards that hold the first subsets, as many as a datamodel is fitted on."""
    numbers = shards.shards_for(config["datamodels"]["shards"], int(wildcards.subsets))
    return [f"{run(wildcards)}/retraining/subsets-alpha{wildcards.alpha}-{shard}.h5" for shard in numbers]


def datamodel_tables(config: dict, wildcards) -> list[str]:
    """Tables of every share and every number of subsets of an extent."""
    chosen = config["datamodels"]
    return [
        f"{run(wildcards)}/datamodels/alpha{alpha:g}-k{subsets}.csv"
        for alpha in chosen["alphas"]
        for subsets in chosen[wildcards.extent]
    ]


def variant_groups(config: dict, wildcards) -> list[str]:
    """Groups of the variants that evaluation.csv compares."""
    variants = studies.evaluated_variants(config, wildcards)
    return [f"{run(wildcards)}{wildcards.scope}/groups-{variant}.h5" for variant in variants]


def measured_of(config: dict, wildcards) -> dict[str, str]:
    """Tables of a run without a plane: of all data, of injected near-duplicates, of flipped labels."""
    chosen = studies.data_settings(config, wildcards)
    found = ["overlap", "boundary_overlap"]
    found += [name for name, key in (("retrieval", "inject"), ("inspection", "flipped")) if chosen[key]]
    return {name: f"{run(wildcards)}/{name}.csv" for name in found}


def run(wildcards) -> str:
    """Folder of the run that the wildcards name."""
    return studies.RUN.format(dataset=wildcards.dataset, model=wildcards.model, seed=wildcards.seed)


# of studies


def data_of_study(config: dict, wildcards) -> str:
    return studies.data_path(config, wildcards.study)


def named_of_study(config: dict, wildcards) -> str:
    return studies.named_path(config, wildcards.study)


def over_seeds(config: dict, name: str, wildcards) -> list[str]:
    """A result of every training seed of a study, of its model and scope."""
    seeds = config["studies"][wildcards.study]["seeds"]
    return [studies.run_path(config, wildcards.study, name, seed=seed) for seed in seeds]


def over_runs(config: dict, name: str, wildcards) -> list[str]:
    """A result of every recipe and training seed of a study, in the last layer."""
    study = wildcards.study
    return [
        studies.run_path(config, study, name, model=model, seed=seed, scope="last_layer")
        for model, seed in studies.runs_of(config, study)
    ]


def agreement_files(config: dict, wildcards) -> list[str]:
    """overlap.h5 of every model and training seed whose groups a study compares."""
    studies.required(config, wildcards.study, "agreement")
    chosen = config["studies"][wildcards.study]["agreement"]
    return [
        studies.run_path(config, wildcards.study, "overlap.h5", model=model, seed=seed)
        for model in chosen["models"]
        for seed in chosen["seeds"]
    ]
