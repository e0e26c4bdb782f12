"""Targets: names for what studies are built for, from section `targets` of the settings, and target `own`.

`python -m attribution.workflow.targets [FILE ...]`, with scripts/ on the path, prints the targets of config/ and of
further settings files, a line each; with `--report TARGET` first, where the report of these settings and of this
target, perhaps none, is written.
"""

import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from attribution.settings import run_checks
from attribution.workflow import attributions, figures, inputs, studies

# files of config/ that are always loaded, in this order
FILES = ("config.yaml", "datasets.yaml", "models.yaml", "studies.yaml")
# the target of the studies that the user's settings add, and what is built of each where its data has it
OWN = "own"
OWN_FIGURES = (
    "training-curves", "04-dataset", "decision-boundary", "05-self-influence", "extreme-images", "11-groups", "overlap",
    "inspection", "confusion", "suspicious", "explanations",
)  # fmt: skip
OWN_RESULTS = (
    "influence.h5", "groups.h5", "topk.h5", "suspicious.csv", "explanations.csv", "confusion.csv", "recall.csv",
    "explore.html",
)  # fmt: skip


def files_of(config: dict, name: str) -> list[str]:
    """Everything that a target builds: figures, tables over trainings, results of runs, and a summary of each study.

    Raises:
        WorkflowError: one sentence where the settings lack a study of the target, or what it needs.
    """
    found, named = [], {}
    for part in config["targets"][name]["builds"]:
        found += [f"results/{file}" for file in part.get("files", [])]
        if part.get("study") is None:
            if others := sorted(set(part) - {"files"}):
                raise WorkflowError(
                    f"targets.{name}.builds has {', '.join(others)} of no study; give that entry a study, or only files"
                )
            continue
        found += _of_part(config, part)
        named[part["study"]] = None
    return found + [path for study in named for path in about(config, study, name)]


def of_study(config: dict, name: str, study: str) -> list[str]:
    """What a target builds of one study, but for its summary, each file once; errors as `files_of`."""
    parts = [part for part in config["targets"].get(name, {"builds": []})["builds"] if part.get("study") == study]
    return list(dict.fromkeys(path for part in parts for path in _of_part(config, part)))


def about(config: dict, study: str, name: str = "") -> list[str]:
    """What says what a target built of a study, of target `own` where none is named: its summary, and where the
    settings ask for it a run of Weights & Biases."""
    of = f"-{name}" if name else ""
    tracked = [f"results/{study}/wandb{of}"] if config["tracking"]["wandb"]["enabled"] else []
    return [f"results/{study}/summary{of}.html", *tracked]


def _of_part(config: dict, part: dict) -> list[str]:
    study = part["study"]
    studies.required(config, study, *sorted({over(table) for table in part.get("tables", [])}))
    found = [f"results/figures/{study}/{figure}.png" for figure in part.get("figures", [])]
    found += [f"results/{study}/{table}" for table in part.get("tables", [])]
    found += [studies.run_path(config, study, result) for result in part.get("results", [])]
    for scope in studies.SCOPES:
        found += [studies.run_path(config, study, result, scope=scope) for result in part.get(scope, [])]
    return found


def of_added(builds: dict, names: list[str]) -> dict:
    """Section `targets` where entries with `own` are of the studies that the user's settings add, if there are any.

    Args:
        builds: the section. names: of these studies.
    """
    found = {}
    for name, target in builds.items():
        entries = []
        for entry in target["builds"]:
            of = names if entry.get("own") and names else [entry.get("study")]
            rest = {key: value for key, value in entry.items() if key not in ("own", "study")}
            entries += [rest if study is None else {"study": study} | rest for study in of]
        found[name] = target | {"builds": entries}
    return found


def over(table: str) -> str:
    """The study's key that a table is over: training seeds, models judged by retraining, or trainings of the border."""
    name = table.rpartition("-")[0]
    if name == attributions.BORDER:
        return name
    return "attributed" if name in attributions.TABLES else "seeds"


def inputs_of(config: dict, name: str):
    """Input function of a target's rule: what nobody asks for is not looked at."""
    return lambda wildcards: files_of(config, name)


def added(given: dict, known: dict, section: str) -> list[str]:
    """Names of a section that the user's settings add to those of config/.

    Args:
        given: the user's settings. known: those of config/.
    """
    return [str(name) for name, entry in (given.get(section) or {}).items() if entry and name not in known[section]]


def own_files(config: dict, names: list[str], alone: list[str]) -> list[str]:
    """What target `own` builds: of each study that the settings add, the figures that its data has, and results.

    Args:
        names: of these studies. alone: data sets that the settings add and no study names.

    Raises:
        WorkflowError: one sentence, where a data set has no study.
    """
    for dataset in alone:
        raise WorkflowError(
            f"no study names data set '{dataset}'; add one to your settings, "
            f"studies: {{{dataset}: {{dataset: {dataset}, model: NAME}}}}"
        )
    return [path for study in names for path in (*own_of_study(config, study), *about(config, study))]


def own_of_study(config: dict, study: str) -> list[str]:
    """What target `own` builds of one study, but for its summary."""
    studies.required(config, study)
    found = [f"results/figures/{study}/{figure}.png" for figure in own_figures(config, study)]
    return found + [studies.run_path(config, study, result) for result in OWN_RESULTS]


def own_figures(config: dict, study: str) -> list[str]:
    """The figures of a study that mean something for its data and model."""
    chosen = config["studies"][study]
    left_out = set() if config["datasets"][chosen["dataset"]].get("flipped") else {"inspection"}
    # a file of a trained network has one row of history, and a network without epochs none
    if not studies.training_of_model(config, chosen["model"]).get("epochs"):
        left_out.add("training-curves")
    # a last layer alone says nothing of other points of the plane than those that were given
    if studies.is_last_layer(config, chosen["model"]):
        left_out |= {"decision-boundary", "05-self-influence"}
    # of few points, or of classes with fewer than are drawn, there are no such groups
    if not inputs.allows(config, run_checks.overlap, chosen["dataset"]):
        left_out.add("overlap")
    offered = figures.offered(config, study)
    return [name for name in OWN_FIGURES if name in offered and name not in left_out]


def default(config: dict, given: dict, known: dict) -> str | None:
    """The target that is built when none is named.

    With settings that add studies or data sets it is `own`, or the first target that they add; else the first of all.
    """
    for name in added(given, known, "targets"):
        return name
    if added(given, known, "studies") or added(given, known, "datasets"):
        return OWN
    return next(iter(config["targets"]), None)


def report_path(given: dict, known: dict, target: str = "") -> str:
    """Where the report of these settings is written: in the folder of the first study that they add.

    Args:
        target: what is named to be built, perhaps several, so that the report of all stays beside it.
    """
    of = "".join(f"-{Path(name).stem}" for name in target.split())
    folder = next((f"results/{name}" for name in added(given, known, "studies")), "results")
    return f"{folder}/report{of}.html"


def refuse_names_of(config: dict, rules: list[str]) -> None:
    """Stop with one sentence where a target is named as a rule is."""
    for name in config["targets"]:
        if name in rules:
            raise WorkflowError(f"targets.{name} has the name of a rule; take another name")


def listed(config: dict) -> str:
    """A line for each target: its name and what it is for."""
    width = max((len(name) for name in config["targets"]), default=0)
    return "\n".join(
        f"{name:<{width}}  {target['description']}" for name, target in config["targets"].items() if target
    )


def settings_of(folder: Path, more: list[str] = ()) -> dict:
    """The settings in `folder`, config/ of the project, and of further files."""
    return merged([*(folder / name for name in FILES), *more])


def merged(paths: list) -> dict:
    """The settings of files, later ones over earlier ones."""
    config = {}
    for path in map(Path, paths):
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    return config


def main(arguments: list[str]) -> str:
    """What the module prints for its arguments."""
    folder = Path(__file__).parents[3] / "config"
    if arguments[:1] == ["--report"]:
        target, *files = arguments[1:]
        return report_path(merged(files), settings_of(folder), target)
    return listed(settings_of(folder, arguments))


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]))
    except (OSError, yaml.YAMLError, WorkflowError) as error:
        sys.exit(str(error))
