"""What rules need that run or compare attribution methods: their code, inputs and settings."""

from pathlib import Path

from snakemake.exceptions import WorkflowError

from attribution.settings import run_checks
from attribution.workflow import code as code_of
from attribution.workflow import contents, inputs, registry, studies

# what groups are compared with in overlap.csv
EMBEDDINGS = ["embedding-euclidean", "embedding-cosine"]
# checks of the settings of a table's groups against the run's data
FITTING = {
    "overlap": run_checks.overlap, "boundary_overlap": run_checks.compared_groups, "recovery": run_checks.target,
}  # fmt: skip
# tables that have groups grown from their seeds
TABLES = ("overlap", "boundary_overlap", "retrieval", "recovery")
# what only a network itself gives, or trainings of it
OF_NETWORK, OF_TRAINING = ("model", "subsets", "folds"), ("unrolled", "retraining")
# what names of methods begin with that need a convolution
OF_CONVOLUTIONS = "convolution-"


def run_of(config: dict, name: str, wildcards, seed: int) -> str:
    """Folder of the run with this training seed, or of the untrained network where the name asks for that.

    Raises:
        WorkflowError: one sentence, when there is no such recipe.
    """
    model = wildcards.model
    if name.endswith(registry.UNTRAINED):
        model = f"{model}{registry.UNTRAINED}"
        if model not in config["models"]:
            raise WorkflowError(
                f"'{name}' was asked for, but models has no '{model}'; add it, `extends: {wildcards.model}` with "
                "models.NAME.training.epochs 0 and models.NAME.below_chance warn, or take the method out of "
                "section methods"
            )
    return studies.RUN.format(dataset=wildcards.dataset, model=model, seed=seed)


def of_network(name: str) -> bool:
    """Whether a method, also one with ending -untrained, needs the network itself or trainings of it."""
    base = name.removesuffix(registry.UNTRAINED)
    told = registry.told(base, "family") in OF_TRAINING or set(OF_NETWORK) & set(registry.told(base, "needs"))
    return name != base or bool(told)


def possible(config: dict, names: list[str], model: str, base=lambda name: name) -> list[str]:
    """Those of a table's methods that a run has: of a last layer alone, those that need no network.

    Args:
        base: the method of a table's name, with its ending -untrained.
    """
    return [name for name in names if not (studies.is_last_layer(config, model) and of_network(base(name)))]


def require(config: dict, name: str, model: str) -> None:
    """Stop with one sentence where a method needs a network and the run has its last layer alone."""
    if not possible(config, [name], model):
        raise WorkflowError(studies.without_network(model, f"method '{name}'"))
    if studies.is_last_layer(config, model) and searched(config, name):
        raise WorkflowError(studies.without_network(model, "curvature.damping.mode trajectory"))


def searched(config: dict, name: str) -> bool:
    """Whether a method runs the training again to choose its damping."""
    trajectory = config["curvature"]["damping"]["mode"] == "trajectory"
    return trajectory and "curvature.damping" in registry.told(name, "settings")


def own_of_method(config: dict, wildcards):
    """The user's file of a recipe that names one, for scores of the method in the wildcard."""
    require(config, wildcards.method, wildcards.model)
    return inputs.own_model(config, wildcards)


def code_with(scripts: Path, script: str, name: str):
    """A script, and where one is named the file of a method with what it imports, as an input."""
    own = code_of.modules(scripts, registry.file_of(name).relative_to(scripts)) if name else []
    return contents.by_content(sorted({*code_of.modules(scripts, script), *own}))


def code_of_method(scripts: Path, script: str, wildcards):
    """The script, and the file of the method in the wildcard."""
    return code_with(scripts, script, wildcards.method)


def code_of_removals(config: dict, scripts: Path, script: str, wildcards):
    """The script, and the files of the methods that predict what leaving points and groups out does."""
    return contents.by_content(
        sorted({path for name in of_removals(config) for path in code_with(scripts, script, name)})
    )


def of_removals(config: dict, wildcards=None) -> list[str]:
    """Methods of removals.csv: of points, then those of groups that are none of them."""
    return list(dict.fromkeys([*config["methods"]["leave_one_out"], *config["methods"]["leave_groups_out"]]))


def texts_of(config: dict, table: str, wildcards=None) -> dict[str, str]:
    """What the names of a table's methods stand for."""
    return {name: registry.METHODS[name] for name in config["methods"][table]}


def scores_of_removals(config: dict, wildcards) -> list[str]:
    """Scores of the methods of removals.csv."""
    return [f"{inputs.run(wildcards)}/scores/{name}.h5" for name in of_removals(config)]


def code_of_rule(config: dict, scripts: Path, script: str, wildcards):
    """The script, and the file of the method whose pairs are the rule of the groups."""
    return code_with(scripts, script, method_of_rule(config, wildcards))


def files(wildcards, name: str | None = None) -> dict[str, str]:
    """Results that a method needs in the scope asked for, and the run's data.

    Of a method with a boundary only that is of the scope: labels and logits are those of the last layer.
    """
    run, scope = inputs.run(wildcards), getattr(wildcards, "scope", "")
    name = name or wildcards.method
    needs = registry.told(name, "needs")
    if scope and not scoped(name):
        raise WorkflowError(f"{name} has no scores of its own in scope {scope[1:]}; ask {run} for them")
    own = ("boundary",) if "boundary" in needs else needs
    places = {need: f"{run}{scope if need in own else ''}/{need}.h5" for need in needs}
    if "model" in needs:
        places["model"] = f"{run}/model.keras"
    if scope and "hessian" in own:
        places |= inputs.network_of(wildcards)
    return places | {"data": f"results/{wildcards.dataset}/data.h5"}


def scoped(name: str) -> bool:
    """Whether a method has scores of its own in each scope.

    Others need the data alone, or are distances in the last layer's weights.
    """
    needs = set(registry.told(name, "needs")) - {"data", "model"}
    return "boundary" in needs or (bool(needs) and registry.told(name, "family") != "boundary")


def settings_of(config: dict, wildcards, name: str | None = None) -> dict:
    """Settings that a method reads, by dotted name, and the recipe's class weights where it has some."""
    training, weights = studies.training_of(config, wildcards), studies.class_weights(config, wildcards)
    found = studies.in_one_sentence(registry.settings_of, name or wildcards.method, config, training)
    return found | ({"class_weights": weights} if weights else {})


def settings_of_groups(config: dict, wildcards) -> dict:
    """The same, and what decides between equal scores; in evaluation.csv all chance goes by one seed."""
    ties = config["evaluation"]["seed"] if wildcards.table == "recovery" else config["groups"]["tie_seed"]
    return settings_of(config, wildcards) | {"groups.tie_seed": ties}


def text_of(wildcards) -> str:
    """What the method's name stands for."""
    return registry.METHODS[wildcards.method]


def named(config: dict, judge: str, wildcards) -> list[str]:
    """Methods of a judge's table that the run has; those of convolutions where its network may have one, those of an
    untrained network where there is a recipe of it.

    Raises:
        WorkflowError: one sentence, where the one that others are compared with is none of these.
    """
    model = wildcards.model
    found = of_recipes(config, possible(config, config["methods"][judge], model), model)
    if not studies.may_convolve(config, model):
        found = [name for name in found if not name.startswith(OF_CONVOLUTIONS)]
    baseline = config.get(judge, {}).get("baseline")
    if baseline is not None and baseline not in found:
        raise WorkflowError(
            f"{judge}.baseline is '{baseline}', which recipe '{model}' has not; it has {', '.join(found)}"
        )
    return found


def of_recipes(config: dict, names: list[str], model: str) -> list[str]:
    """These methods, those of an untrained network only where there is a recipe of it."""
    ending = registry.UNTRAINED
    return [name for name in names if not name.endswith(ending) or f"{model}{ending}" in config["models"]]


def scores(config: dict, judge: str, wildcards) -> list[str]:
    """Scores of the methods that a judge compares; but for `closest`, those that no boundary enters have one scope."""
    scope, found = getattr(wildcards, "scope", ""), []
    own = scoped if judge == "closest" else lambda name: "boundary" in registry.told(name, "needs")
    for name in named(config, judge, wildcards):
        base, run = name.removesuffix(registry.UNTRAINED), run_of(config, name, wildcards, wildcards.seed)
        found.append(f"{run}{scope if own(base) else ''}/scores/{base}.h5")
    return found


def followed(config: dict, wildcards) -> dict:
    """The recipe where the method runs the training again, or may to choose its damping; else nothing."""
    family, needs = (registry.told(wildcards.method, fact) for fact in ("family", "needs"))
    # datamodels have the networks that were trained again from a file
    again = (family in OF_TRAINING and "subsets" not in needs) or searched(config, wildcards.method)
    return studies.recipe(config, wildcards) if again else {}


def code_of_followed(config: dict, scripts: Path, script: str, wildcards):
    """The script, the method's file, and the architecture's where the training is run again."""
    own = code_of.modules(scripts, registry.file_of(wildcards.method).relative_to(scripts))
    found = {*code_of.modules(scripts, script), *own}
    if followed(config, wildcards):
        found |= set(inputs.code_of_network(config, scripts, script, wildcards))
    return contents.by_content(sorted(found))


def grown(config: dict, wildcards) -> dict:
    """Which seeds a table has groups grown from, how large, and to which ends of the scores; see `methods.targets`."""
    if wildcards.table == "retrieval":
        size = max(config["retrieval"]["cutoffs"]) + 1
        return {"injected": "only", "size": size, "directions": ["max", "min"]}
    if wildcards.table == "recovery":
        draws = {"count": config["evaluation"]["random_draws"], "seed": config["evaluation"]["seed"]}
        target = studies.subgroup_of_data(config, "target", wildcards)
        return {"seeds": [target], "injected": "never", "size": None, "directions": ["max"], "draws": draws}
    seeds = studies.by_number(config, wildcards, config["overlap"]["seeds"])
    if wildcards.table == "boundary_overlap":
        size = config["boundary"]["greedy"]["size"]
        return {"seeds": seeds, "injected": "first", "size": size, "directions": ["max"]}
    direction = run_checks.group(config["groups"], "", studies.study_of(config, wildcards))["direction"]
    return {"seeds": seeds, "injected": "never", "size": config["overlap"]["size"], "directions": [direction]}


def grown_files(config: dict, wildcards) -> dict[str, str]:
    """Results that the method needs, once the groups asked for fit the run's data."""
    require(config, wildcards.method, wildcards.model)
    found = files(wildcards)
    if wildcards.table in FITTING:
        found["data"] = inputs.data_for(config, FITTING[wildcards.table], wildcards)
    return found


def of_overlap(config: dict, wildcards) -> list[str]:
    """Methods of overlap.csv, the neighbours in the embedding before all others."""
    names = [*EMBEDDINGS, *(name for name in config["methods"]["overlap"] if name not in EMBEDDINGS)]
    return of_recipes(config, names, wildcards.model)


def of_recovery(config: dict, wildcards) -> list[str]:
    """Methods of evaluation.csv beside Algorithm 1's rules."""
    return of_recipes(config, config["methods"]["recovery"], wildcards.model)


def of_boundary_overlap(config: dict, wildcards) -> list[str]:
    """Methods of boundary_overlap.csv: those of the settings, and each form of the boundary that groups grow by."""
    forms = config["boundary"]["greedy"]["forms"]
    return [*config["methods"]["boundary_overlap"], *(f"boundary-{form}" for form in forms)]


def groups(table: str, methods, wildcards) -> list[str]:
    """Groups of each of these methods, a function of wildcards, for a table; with ending -untrained of that network."""
    scope, found = getattr(wildcards, "scope", ""), []
    for name in methods(wildcards):
        base = name.removesuffix(registry.UNTRAINED)
        model = wildcards.model + name.removeprefix(base)
        run = studies.RUN.format(dataset=wildcards.dataset, model=model, seed=wildcards.seed)
        found.append(f"{run}{scope if scoped(base) else ''}/scores/{table}/{base}.h5")
    return found


def method_of_rule(config: dict, wildcards) -> str:
    """The method whose pairs are the rule of the groups; empty where the rule is one of Algorithm 1's own."""
    name = studies.group_settings(config, wildcards)["rule"]
    if name in registry.RULES:
        return ""
    if studies.scope_of(wildcards) != "last_layer":
        raise WorkflowError(
            f"groups by '{name}' exist in the last layer only; set groups.rule to another, or the scope"
        )
    return name


def files_of_rule(config: dict, wildcards) -> dict[str, str]:
    """Results that such a method needs, beside those that every group needs."""
    name = method_of_rule(config, wildcards)
    if name:
        require(config, name, wildcards.model)
    found = files(wildcards, name) if name else {}
    return {need: path for need, path in found.items() if need not in ("data", "gradients", "hessian", "influence")}


def settings_of_rule(config: dict, wildcards) -> dict:
    """What such a method's name stands for, and the settings that it reads."""
    name = method_of_rule(config, wildcards)
    return {"name": registry.METHODS[name], "settings": settings_of(config, wildcards, name)} if name else {}


def code_of_judge(scripts: Path, script: str, wildcards):
    """The script, and the file of the judge in the wildcard."""
    file = f"attribution/evaluation/{registry.JUDGES[wildcards.judge][0].partition(':')[0]}.py"
    return contents.by_content(sorted({*code_of.modules(scripts, script), *code_of.modules(scripts, file)}))


def judge_text(wildcards) -> str:
    """What the judge's name stands for."""
    return registry.JUDGES[wildcards.judge][0]


def judged(config: dict, wildcards) -> list[str]:
    """Methods that the judge in the wildcard compares."""
    table = registry.JUDGES[wildcards.judge][1]
    more = {"overlap": of_overlap, "boundary_overlap": of_boundary_overlap}
    return more[table](config, wildcards) if table in more else named(config, table, wildcards)


def judged_files(config: dict, wildcards) -> list[str]:
    """Scores or groups of each of these methods."""
    table = registry.JUDGES[wildcards.judge][1]
    if registry.NEEDED[table] != "groups":
        return scores(config, table, wildcards)
    return groups(table.removesuffix("_groups"), lambda wildcards: judged(config, wildcards), wildcards)
