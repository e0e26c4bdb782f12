"""What entries of the table of figures are made of: inputs and parameters, functions of (config, wildcards)."""

from snakemake.exceptions import WorkflowError

from attribution.settings import datasets, run_checks
from attribution.workflow import inputs, studies

# datamodels that figure 10 puts one below the other
SHOWN_ESTIMATORS = ["retrain", "influence"]


def result(name: str, scope: str | None = None):
    """A result of the study in the wildcards, of its own scope unless given; braces in its name are wildcards."""
    return lambda config, wildcards: studies.run_path(
        config, wildcards.study, name.format(**dict(wildcards.items())), scope=scope
    )


def of_recipe(name: str):
    """A result of the recipe that the figure's name ends with, -NAME, without one of the study's own.

    Raises:
        WorkflowError: one sentence, for a recipe that the study does not list.
    """

    def path(config: dict, wildcards) -> str:
        recipe = wildcards.recipe[1:]
        known = studies.of_study(config, "recipes", wildcards) if recipe else []
        if recipe and recipe not in known:
            raise WorkflowError(
                f"a figure of study '{wildcards.study}' is asked for by recipe '{recipe}', and "
                f"studies.{wildcards.study}.recipes lists {', '.join(known)}; name one of these, or add it"
            )
        return studies.run_path(config, wildcards.study, name, model=recipe or None)

    return path


def each(key: str, name: str):
    """A result of every model that a key of the study lists."""
    return lambda config, wildcards: [
        studies.run_path(config, wildcards.study, name, model=model)
        for model in studies.of_study(config, key, wildcards)
    ]


def several(*parts):
    """All of these inputs as one."""
    return lambda config, wildcards: [part(config, wildcards) for part in parts]


def table(name: str):
    """A table of the study over trainings; braces in its name are wildcards."""
    return lambda config, wildcards: f"results/{wildcards.study}/{name.format(**dict(wildcards.items()))}"


def setting(path: str):
    """The value of a setting, named with dots."""
    return lambda config, wildcards: studies.setting(config, path)


def of_study(key: str):
    """A key of the study in the wildcards."""
    return lambda config, wildcards: studies.of_study(config, key, wildcards)


def always(value):
    return lambda config, wildcards: value


def pool_titles(config: dict, wildcards) -> dict[str, str]:
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


def shown_datamodels(config: dict, wildcards) -> list[str]:
    """Datamodels of figure 10: of the shown share, from the largest number of subsets of the extent."""
    chosen = config["datamodels"]
    ending = f"alpha{chosen['shown_alpha']:g}-k{max(chosen[wildcards.extent])}.h5"
    names = [f"datamodels/{estimator}-{ending}" for estimator in SHOWN_ESTIMATORS]
    return [studies.run_path(config, wildcards.study, name, scope="last_layer") for name in names]


def points_of_layers(config: dict, wildcards) -> str:
    """boundary.h5 of the scope that the figure's name ends with."""
    return _of_layers(config, wildcards, "boundary.h5")


def move_of_layers(config: dict, wildcards) -> str:
    """boundary_move.h5 of the scope that the figure's name ends with."""
    return _of_layers(config, wildcards, "boundary_move.h5")


def _of_layers(config: dict, wildcards, file: str) -> str:
    scope = wildcards.layers[1:].replace("-", "_") or "last_layer"
    return studies.run_path(config, wildcards.study, file, scope=scope)


def words_of_layers(config: dict, wildcards) -> str:
    return wildcards.layers[1:].replace("-", " ") or "last layer"


def most_subsets(config: dict, wildcards) -> int:
    return max(config["datamodels"][wildcards.extent])


def candidates(config: dict, wildcards) -> dict:
    """Which points may join the groups of a boundary form."""
    return config["boundary"]["greedy"]["forms"][wildcards.form]


def selection_rule(config: dict, wildcards) -> str:
    """The selection rule of Algorithm 1 in the study's own groups."""
    return run_checks.group(config["groups"], "", config["studies"][wildcards.study])["rule"]


def subgroups(config: dict, wildcards) -> list[str]:
    """Names of the subgroups of the study's data."""
    return datasets.subgroups(config["datasets"][studies.of_study(config, "dataset", wildcards)])


def data_for_classes(config: dict, wildcards) -> str:
    """named.h5 of the study, once the classes whose suspicious points are shown are classes of it."""
    dataset = studies.of_study(config, "dataset", wildcards)
    studies.in_one_sentence(run_checks.suspicious, config, dataset, None)
    return inputs.named_of_study(config, wildcards)
