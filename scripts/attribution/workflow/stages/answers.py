"""What the rules of stage answers need: which methods explain test points, and their files."""

from pathlib import Path
from types import SimpleNamespace

from snakemake.exceptions import WorkflowError

from attribution.costs import sizes as network_sizes
from attribution.settings import datasets, run_checks
from attribution.settings.errors import SettingError
from attribution.workflow import attributions, inputs, methods, registry, resources, studies

# multiplications of gradients of all layers, two for each number of a kernel's products, that a default list may cost
AFFORDABLE = 5e12
# tables of folder export
EXPORTED = ("points", "groups", "parts", "suspicious", "explanations")
# what explore.html shows where it exists
SHOWN = (
    "groups*.h5", "partition.h5", "partition-removals-*.h5", "attributions/tracin.h5", "datamodels/retrain-*.h5",
    "retraining/groups-*.h5", "retraining/leave-one-out-*.h5", "retraining/named.h5", "truth/*-groups-*.h5",
    "truth/*-leave-one-out-*.h5",
)  # fmt: skip


def explaining(config: dict, wildcards) -> list[str]:
    """Methods of explanations.csv that the run has; `trak` is left out where the gradients of all layers are too many.

    Raises:
        WorkflowError: one sentence, when none is left.
    """
    chosen = methods.possible(config, config["methods"]["explanations"], wildcards.model)
    if not chosen:
        names = ", ".join(config["methods"]["explanations"])
        raise WorkflowError(studies.without_network(wildcards.model, f"methods.explanations {names}"))
    found = [name for name in chosen if name != "trak" or affordable(config, wildcards)]
    if not found:
        raise WorkflowError(
            f"methods.explanations names trak alone, whose kernel of data set '{wildcards.dataset}' is too large; "
            "name another method beside it, or set trak.projection"
        )
    return found


def affordable(config: dict, wildcards) -> bool:
    """Whether inner products of gradients of all layers fit influence.matrix_gb and take a minute or so."""
    if config["trak"]["projection"] != "none":
        return True
    data = resources.data_size(config["datasets"][wildcards.dataset])
    n, outputs = data["n"], 1 if data["classes"] == 2 else data["classes"]
    parameters = network_sizes.sizes(studies.recipe(config, wildcards), data["shape"], outputs)["parameters"]
    return resources.kernel_fits(config, n) and 2 * n**2 * parameters <= AFFORDABLE


def suggesting(config: dict, wildcards) -> dict[str, str]:
    """Logits out of sample, by which classes are suggested where a method of suspicious.csv needs them anyway."""
    needed = any("folds" in registry.told(name, "needs") for name in methods.named(config, "suspicious", wildcards))
    return {"folds": f"{inputs.run(wildcards)}/folds.h5"} if needed else {}


def files(config: dict, wildcards) -> dict:
    """Results that a method needs, and those by which the explained test points are chosen.

    Raises:
        WorkflowError: one sentence, for a class, row or id that the data have not.
    """
    chosen, known = config["answers"]["explanations"]["rows"], config["datasets"][wildcards.dataset]
    where, tested = "answers.explanations.rows", resources.source_rows(known)[1] or None
    rows, ids = ([one for one in chosen if isinstance(one, kind)] for kind in (int, str))
    studies.in_one_sentence(run_checks.rows, where, rows, wildcards.dataset, tested, "test")
    if ids:
        found = resources.source_ids(known)
        studies.in_one_sentence(run_checks.ids, where, ids, config, wildcards.dataset, found and found["test"], "test")
    data = inputs.data_for(config, run_checks.explained, wildcards)
    gradients = f"{inputs.run(wildcards)}/gradients.h5"
    return attributions.needed(config, wildcards) | {"data": data, "gradients": gradients}


def explained(config: dict, wildcards) -> list[str]:
    """What each method says of the explained test points."""
    return [f"{inputs.run(wildcards)}/explanations/{name}.h5" for name in explaining(config, wildcards)]


def shown(config: dict, wildcards) -> list[str]:
    """Further results of a run that its page shows: groups.h5 where the settings' seeds are of the data, and of others
    those that exist when the workflow is read; the page is written again once one of them appears."""
    home = Path(inputs.run(wildcards))
    found = [path.as_posix() for pattern in SHOWN for path in sorted(home.glob(pattern))]
    try:
        run_checks.groups(config, wildcards.dataset, inputs.most_points(config["datasets"][wildcards.dataset]))
    except SettingError:
        return found
    return list(dict.fromkeys([f"{home.as_posix()}/groups.h5", *found]))


def exported(config: dict, wildcards) -> list[str]:
    """Results of a run, beside its data set, that a table of folder export is made of."""
    home = inputs.run(wildcards)
    scores = [f"scores/{name}.h5" for name in methods.named(config, "suspicious", wildcards)]
    existing = ["partition.h5"] if Path(home, "partition.h5").is_file() else []
    files = {
        "points": ["gradients.h5", "influence.h5", *scores, *existing], "groups": ["groups.h5"],
        "parts": ["partition.h5"], "suspicious": ["suspicious.csv"], "explanations": ["explanations.csv"],
    }  # fmt: skip
    return [f"{home}/{name}" for name in files[wildcards.table]]


def benchmarks(wildcards) -> list[str]:
    """Benchmarks of all jobs that are on record, but of those that read them."""
    found = sorted(Path("results/benchmarks").glob("*/**/*.tsv"))
    return [path.as_posix() for path in found if path.parts[2] not in ("gather_history", "plot_history")]


def chosen(config: dict, wildcards) -> dict:
    """Which test points are explained, classes as data.h5 calls them."""
    section = config["answers"]["explanations"]
    found = {key: section[key] for key in ("wrong", "uncertain", "each_class", "classes", "rows")}
    if found["classes"] != "all":
        found["classes"] = studies.by_number(config, wildcards, found["classes"], datasets.labels)
    return found


def settings_of(config: dict, wildcards) -> dict:
    """Settings that a method reads, by dotted name."""
    return methods.settings_of(config, wildcards) | {"groups.tie_seed": config["groups"]["tie_seed"]}


def training_of(config: dict, wildcards, seed: int = 0) -> SimpleNamespace:
    """Wildcards of a training of the study in the wildcards, of its own model."""
    chosen = config["studies"][wildcards.study]
    return SimpleNamespace(dataset=chosen["dataset"], model=chosen["model"], seed=seed)


def about(config: dict, wildcards) -> dict[str, str]:
    """Data set and model of a study."""
    return {key: config["studies"][wildcards.study][key] for key in ("dataset", "model")}


def judged_over_seeds(config: dict, wildcards) -> list[str]:
    """Scores of the methods of labels-seeds.csv, a training seed after the other."""
    found = [training_of(config, wildcards, seed) for seed in config["studies"][wildcards.study]["seeds"]]
    return [path for training in found for path in methods.scores(config, "labels", training)]


def judged(config: dict, wildcards) -> list[str]:
    """Names of these methods."""
    return methods.named(config, "labels", training_of(config, wildcards))


def source_classes(config: dict, wildcards) -> list[str]:
    """Classes of the source of a job's data set, or of its study's; empty where only the file knows them."""
    dataset = training_of(config, wildcards).dataset if hasattr(wildcards, "study") else wildcards.dataset
    return datasets.class_names(config["datasets"][dataset])
