"""What rules need that divide the training set by methods, or grow groups by them: names, files, settings.

A name of `methods.partition` and `methods.stop_conditions` is a method's, with endings: `-unit`, its vectors at length
one; `-components`, their principal components in their place; `-untrained`, of the recipe MODEL-untrained. In
`methods.partition` BY_RETRAINING may stand beside them: that of the others which retraining of one network finds best.
"""

from typing import NamedTuple

from snakemake.exceptions import WorkflowError

from attribution.files.results.partition import BY_RETRAINING
from attribution.settings import run_checks
from attribution.settings.errors import SettingError
from attribution.workflow import attributions, contents, inputs, methods, registry, studies

UNIT, COMPONENTS, UNTRAINED = "-unit", "-components", attributions.UNTRAINED
CONTROLS = ("input-euclidean", "embedding-euclidean", "random")
PARTITION, STOPS = "partition", "stop_conditions"
REMOVAL = "removal"  # of partition.parts


class Asked(NamedTuple):
    """A method's name without its endings, and which of them it has."""

    method: str
    unit: bool
    components: bool
    untrained: bool


def read_name(name: str, table: str = PARTITION) -> Asked:
    """What a name of one of the two tables says.

    Raises:
        SettingError: one sentence, for a name that stands for no method of vectors or pairs.
    """
    base = name.removesuffix(UNTRAINED)
    reduced = base.removesuffix(COMPONENTS)
    method = reduced.removesuffix(UNIT)
    if method not in registry.METHODS or "vectors" not in registry.given(method):
        registry.known(f"methods.{table}", method, "pairs")
    return Asked(method, method != reduced, reduced != base, base != name)


def is_control(name: str) -> bool:
    """Whether it knows nothing of what the network learned from which point."""
    asked = read_name(name)
    return asked.untrained or asked.method in CONTROLS


def from_columns(method: str) -> bool:
    """Whether points are told apart by what attributions say that they do to test points."""
    return "vectors" not in registry.given(method) and not registry.told(method, "kernel", False)


def check(config: dict) -> None:
    """Check the methods by which the training set is divided, and those by which groups grow that conditions stop.

    Raises:
        SettingError: one sentence.
    """
    for table in (PARTITION, STOPS):
        listed = config["methods"][table]
        chosen = candidates(listed) if table == PARTITION else listed
        for name in chosen:
            told = read_name(name, table)
            if table == STOPS and (told.components or from_columns(told.method)):
                raise SettingError(
                    f"methods.{table} names '{name}', which gives no inner products of two training points; name "
                    "another method, or leave out -components"
                )
            if told.untrained and from_columns(told.method):
                raise SettingError(
                    f"methods.{table} names '{name}', whose vectors are attributions of test points, which an "
                    "untrained network has none of; take it out"
                )
        if all(map(is_control, chosen)):
            raise SettingError(f"methods.{table} names controls only; add a method that they are to be compared with")


def candidates(names: list[str]) -> list[str]:
    """Names of `methods.partition` that are methods, among which BY_RETRAINING is."""
    return [name for name in names if name != BY_RETRAINING]


def named(config: dict, table: str, model: str) -> list[str]:
    """Names of a table that a run has: of a last layer alone, those that need no network; those of an untrained network
    where there is a recipe of it.

    Raises:
        WorkflowError: one sentence, when none but controls is left, or BY_RETRAINING is asked of a network that nothing
            says how to train.
    """

    def base(name: str) -> str:
        told = studies.in_one_sentence(read_name, name, table)
        return told.method + (UNTRAINED if told.untrained else "")

    listed = config["methods"][table]
    chosen = candidates(listed)
    possible = methods.possible(config, chosen, model, base)
    if len(possible) < len(chosen) and all(map(is_control, possible)):
        raise WorkflowError(studies.without_network(model, f"methods.{table} {', '.join(chosen)}"))
    found = methods.of_recipes(config, possible, model)
    if table == PARTITION and config["partition"]["parts"] == REMOVAL:
        inputs.require_training(config, f"partition.parts {REMOVAL}", model)
    if BY_RETRAINING not in listed or studies.is_last_layer(config, model):
        return found
    inputs.require_training(config, f"methods.{table} {BY_RETRAINING}", model)
    return [name for name in listed if name in found or name == BY_RETRAINING]


def asked(config: dict, table: str, wildcards) -> dict:
    """Every name of a table with what it says, its method's text and settings, and whether it is a control."""
    found = {}
    for name in named(config, table, wildcards.model):
        if name == BY_RETRAINING:
            found[name] = {"method": BY_RETRAINING, "control": False}
            continue
        told = studies.in_one_sentence(read_name, name)
        own = methods.settings_of(config, wildcards, told.method)
        own |= {
            "groups.tie_seed": config["groups"]["tie_seed"],
            "influence.matrix_gb": config["influence"]["matrix_gb"],
        }
        found[name] = told._asdict() | {
            "text": registry.METHODS[told.method], "settings": own, "control": is_control(name),
            "columns": from_columns(told.method), "unlabelled": told.method in CONTROLS,
        }  # fmt: skip
    return found


def files(config: dict, table: str, wildcards) -> dict:
    """What a table's methods need, of the untrained network under `untrained_NAME`, and attributions in order.

    Raises:
        WorkflowError: one sentence, as `named`, and for a point that the data have not.
    """
    if table == PARTITION:
        studies.in_one_sentence(inputs.require, config, run_checks.constraints, wildcards.dataset)
    # where groups stop is told with the names of subgroups
    data = "named" if table == STOPS else "data"
    found = {"data": f"results/{wildcards.dataset}/{data}.h5", "attributions": []}
    for name in candidates(named(config, table, wildcards.model)):
        told = studies.in_one_sentence(read_name, name)
        run, prefix = methods.run_of(config, name, wildcards, wildcards.seed), "untrained_" if told.untrained else ""
        if from_columns(told.method):
            found["attributions"].append(f"{run}/attributions/{told.method}.h5")
            continue
        for need in set(registry.told(told.method, "needs")) - {"data"}:
            found[prefix + need] = f"{run}/{need}.{'keras' if need == 'model' else 'h5'}"
    return found


def recipes(config: dict, wildcards) -> dict:
    """The run's recipe, and that of its untrained network where there is one."""
    untrained = f"{wildcards.model}{UNTRAINED}"
    names = {"trained": wildcards.model, "untrained": untrained if untrained in config["models"] else wildcards.model}
    return {
        kind: studies.in_one_sentence(run_checks.recipe_of, config, model, wildcards.dataset)
        for kind, model in names.items()
    }


def code(config: dict, scripts, script: str, table: str, wildcards):
    """The script, the methods' files, and the architecture's, which methods that follow the training build again."""
    used = set(inputs.code_of_network(config, scripts, script, wildcards))
    for name in candidates(named(config, table, wildcards.model)):
        used |= set(methods.code_with(scripts, script, studies.in_one_sentence(read_name, name).method))
    return contents.by_content(sorted(used))


def geometry(config: dict, wildcards) -> str:
    """The shape of a study's data: of a toy set its name, else images."""
    name = config["studies"][wildcards.study]["dataset"]
    if config["datasets"][name]["loader"] != "toy":
        return "images"
    return name.removeprefix("toy-") if name != "toy" else "three-discs"


def runs(config: dict, name: str, wildcards) -> list[str]:
    """A result of every recipe and training seed of a study."""
    studies.required(config, wildcards.study, "recipes", "seeds")
    return inputs.over_runs(config, name.format(**dict(wildcards.items())), wildcards)


def stopped(config: dict, wildcards) -> list[str]:
    """stop_conditions.csv of every training seed of a study, on its data set and those that it lists beside it."""
    studies.required(config, wildcards.study, "seeds", STOPS)
    chosen = config["studies"][wildcards.study]
    return [
        f"{studies.RUN.format(dataset=dataset, model=chosen['model'], seed=seed)}/stop_conditions.csv"
        for dataset in dict.fromkeys([chosen["dataset"], *chosen[STOPS]])
        for seed in chosen["seeds"]
    ]
