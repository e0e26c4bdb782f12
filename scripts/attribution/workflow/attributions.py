"""What rules need that judge methods by retrained networks: names with a number or an ending, files, settings.

`NAME-K` is the mean of method NAME over K training seeds, the run's own first; `NAME-untrained` is NAME on the network
of the recipe MODEL-untrained, which learned nothing.
"""

import re
from types import SimpleNamespace

from attribution.settings.errors import SettingError
from attribution.workflow import contents, inputs, methods, names, registry, shards, studies

UNTRAINED = registry.UNTRAINED
SEVERAL = re.compile(r"(?P<method>.+)-(?P<models>[1-9][0-9]*)")
# files that a method may need beside those of the run: networks trained on random subsets, to fit datamodels on
SUBSETS = "subsets"
# tables of a study over models and truths, each once for every extent
TABLES = ("lds", "leave-one-out", "group-removals", "brittleness", "attribution-stability", "embeddings")
# those of the run's own initial weights and batches alone, those without retraining, and those with a file a method
FIXED, WITHOUT_TRUTH, BY_METHOD = ("brittleness",), ("attribution-stability",), ("embeddings",)
# the table over a study's trainings of section `border`
BORDER = "border"
# NAME and NAME-K as a regular expression, for wildcards
NAMES = f"({names.one_of(registry.METHODS)})(-[1-9][0-9]*)?"
# and NAME-untrained
EVERY_NAME = f"{NAMES}({UNTRAINED})?"
# what a method must be ahead of, beside every NAME-untrained
CONTROLS = ("random", "random-class", "input-euclidean", "pixel-euclidean", "embedding-cosine", "embedding-euclidean")


def read_name(name: str, table: str = "lds", part: str = "pairs") -> tuple[str, int, bool]:
    """Method, number of training seeds that it is averaged over, and whether it is the untrained network's.

    Args:
        name: in a table of section `methods`. part: what the method must give.

    Raises:
        SettingError: one sentence, for a name that stands for no such method.
    """
    base = name.removesuffix(UNTRAINED)
    found = SEVERAL.fullmatch(base)
    models = 1
    if found and base not in registry.METHODS:
        base, models = found["method"], int(found["models"])
    registry.known(f"methods.{table}", base, part)
    return base, models, name.endswith(UNTRAINED)


def is_control(name: str) -> bool:
    """Whether a method knows nothing of what the network learned from which point."""
    return name in CONTROLS or name.endswith(UNTRAINED)


def known(config: dict, wildcards) -> dict[str, tuple[str, bool]]:
    """Family of each method that an extent compares, and whether it is a control."""
    found = compared(config, wildcards)
    return {name: (registry.told(read_name(name)[0], "family"), is_control(name)) for name in found}


def check(config: dict) -> None:
    """Check the methods that are judged by retrained networks.

    Raises:
        SettingError: one sentence.
    """
    for section in ("lds", "lds_full"):
        for name in config["methods"][section]:
            read_name(name, section)
    chosen = config["truth"]
    for extent in ("small", "full"):
        held = sum(chosen["shards"])
        if chosen[extent]["subsets"] > held:
            raise SettingError(
                f"truth.{extent}.subsets is {chosen[extent]['subsets']}, but truth.shards hold {held}; "
                "add a shard, or take fewer"
            )
    shown = chosen["shown"]
    if max(shown["targets"]) >= chosen["targets"]:
        raise SettingError(
            f"truth.shown.targets holds {max(shown['targets'])}, but truth.targets is {chosen['targets']} and the "
            "first is 0; take smaller ones"
        )


def truth_settings(config: dict, wildcards) -> dict:
    """What decides which points leave and whose margins are asked."""
    chosen = config["truth"]
    found = {key: chosen[key] for key in ("targets", "repetitions", "seed")}
    # a job without such a wildcard predicts what groups do
    sets = getattr(wildcards, "sets", "groups")
    if sets == "leave-one-out":
        return found | {"leave_one_out": chosen["leave_one_out"]}
    return found | ({"groups": config["retraining"]["groups"]} if sets == "groups" else {})


def found_groups(config: dict, wildcards) -> dict[str, str]:
    """Groups grown on the run that leave beside random ones, of its trained network also for the untrained one."""
    if not config["truth"]["found"] or getattr(wildcards, "sets", "groups") != "groups":
        return {}
    trained = wildcards.model.removesuffix(UNTRAINED)
    model = trained if trained in config["models"] else wildcards.model
    run = studies.RUN.format(dataset=wildcards.dataset, model=model, seed=wildcards.seed)
    return {"found": f"{run}/truth/found-groups.h5"}


def predicting(config: dict, wildcards) -> dict:
    """Results that a method of whole groups needs, and the groups."""
    return needed(config, wildcards) | found_groups(config, wildcards)


def truth_numbers(config: dict, wildcards) -> list[int]:
    """First subset and number of subsets of a shard."""
    return list(shards.shard_range(config["truth"]["shards"], int(wildcards.shard)))


def truth_files(config: dict, truth: str, sets: str, subsets: int, wildcards) -> list[str]:
    """Shards that hold so many of the random subsets; other sets are one shard."""
    run = inputs.run(wildcards)
    numbers = shards.shards_for(config["truth"]["shards"], subsets) if "alpha" in sets else [0]
    return [f"{run}/truth/{truth}-{sets}-{shard}.h5" for shard in numbers]


def judging(config: dict, wildcards) -> list[str]:
    """Truths of a judge's job, of every share of subsets that its extent compares."""
    chosen = config["truth"]
    return [
        path
        for alpha in chosen["alphas"]
        for path in truth_files(
            config, wildcards.truth, f"alpha{alpha:g}", chosen[wildcards.extent]["subsets"], wildcards
        )
    ]


def removing(config: dict, wildcards) -> dict[str, list[str]]:
    """Truths of single points and of groups that leave."""
    return {
        "alone": truth_files(config, wildcards.truth, "leave-one-out", 0, wildcards),
        "groups": truth_files(config, wildcards.truth, "groups", 0, wildcards),
    }


def compared(config: dict, wildcards) -> list[str]:
    """Names of the methods that a judge's extent compares; of a model those of its untrained network only where there
    is a recipe of that."""
    chosen = config["methods"]["lds" if wildcards.extent == "small" else "lds_full"]
    return methods.of_recipes(config, chosen, wildcards.model) if hasattr(wildcards, "model") else chosen


def files(config: dict, wildcards) -> list[str]:
    """Attributions of each of these methods."""
    return [path_of(config, name, wildcards) for name in compared(config, wildcards)]


def path_of(config: dict, name: str, wildcards, further: int = 0) -> str:
    """attributions/NAME.h5 of the run, or of the run of its untrained network.

    Args:
        further: of training seeds this one on; NAME-K then shares none of its K with those before.

    Raises:
        WorkflowError: one sentence, when there is no such recipe.
    """
    base, models, _ = studies.in_one_sentence(read_name, name)
    run = methods.run_of(config, name, wildcards, int(wildcards.seed) + models * further)
    return f"{run}/attributions/{base}{f'-{models}' if models > 1 else ''}.h5"


def predicted(config: dict, wildcards) -> list[str]:
    """Falls of margins by each method of groups."""
    return [
        f"{methods.run_of(config, name, wildcards, wildcards.seed)}/group-removals/{name.removesuffix(UNTRAINED)}.h5"
        for name in config["methods"]["group_removals"]
    ]


def of_name(config: dict, wildcards) -> str:
    """The same of the method in the wildcard."""
    return path_of(config, wildcards.method, wildcards)


def over_trainings(config: dict, wildcards) -> list[str]:
    """Attributions of each of these methods by every training compared, one method after another."""
    count = config["truth"]["trainings"]
    return [path_of(config, name, wildcards, at) for name in compared(config, wildcards) for at in range(count)]


def without_top(config: dict, wildcards) -> list[str]:
    """Margins without the points that each of these methods credits most."""
    return [f"{inputs.run(wildcards)}/brittleness/{name}.h5" for name in compared(config, wildcards)]


def needed(config: dict, wildcards) -> dict:
    """Results that a method needs: of the last layer, the network itself, networks trained on subsets; and the data."""
    methods.require(config, wildcards.method, wildcards.model)
    run = inputs.run(wildcards)
    needs = registry.told(wildcards.method, "needs")
    places = {need: f"{run}/{need}.{'keras' if need == 'model' else 'h5'}" for need in needs if need != SUBSETS}
    if SUBSETS in needs:
        places[SUBSETS] = fitted(config, wildcards)
    return places | {"data": f"results/{wildcards.dataset}/data.h5"}


def fitted(config: dict, wildcards) -> list[str]:
    """Truths that datamodels are fitted on."""
    chosen = config["truth"]["fitted"]
    return truth_files(config, "fixed", f"fit-alpha{chosen['alpha']:g}", chosen["subsets"], wildcards)


def averaged(wildcards) -> list[str]:
    """Attributions of the same method by each training seed."""
    own = int(wildcards.seed)
    return [
        f"{studies.RUN.format(dataset=wildcards.dataset, model=wildcards.model, seed=seed)}/attributions/"
        f"{wildcards.method}.h5"
        for seed in range(own, own + int(wildcards.models))
    ]


def further_trainings(config: dict, wildcards) -> list[str]:
    """What the trainings of all seeds but the run's own took; none of a last layer whose network is not at hand."""
    own, model = int(wildcards.seed), wildcards.model
    seeds = range(own + 1, own + int(wildcards.models)) if not studies.is_last_layer(config, model) else ()
    return [f"results/benchmarks/train_model/{wildcards.dataset}-{model}-seed{seed}.tsv" for seed in seeds]


def code(config: dict, scripts, script: str, wildcards):
    """The script, the method's file, and the architecture's, which methods that follow the training build again."""
    of_method = methods.code_of_method(scripts, script, wildcards)
    return contents.by_content(sorted({*of_method, *inputs.code_of_network(config, scripts, script, wildcards)}))


def settings_of(config: dict, wildcards) -> dict:
    """Settings that a method reads, by dotted name, and what decides which targets are asked; how many networks are
    fitted on only where the method is."""
    found = methods.settings_of(config, wildcards) | {"groups.tie_seed": config["groups"]["tie_seed"]}
    fitted_on = ("fitted",) if SUBSETS in registry.told(wildcards.method, "needs") else ()
    return found | {f"truth.{key}": config["truth"][key] for key in ("targets", "seed", *fitted_on)}


def tables(config: dict, name: str, wildcards) -> list[str]:
    """A judge's table of every model, and truth where it has one, that a study compares.

    Raises:
        WorkflowError: one sentence, for a model that cannot be trained again, where the judge needs that.
    """
    studies.required(config, wildcards.study, "attributed")
    kinds = ("fixed",) if name in FIXED else config["truth"][wildcards.extent]["kinds"]
    found = []
    for model in config["studies"][wildcards.study]["attributed"]:
        if name not in WITHOUT_TRUTH:
            inputs.require_training(config, f"{name}-{wildcards.extent}.csv", model)
        if name in BY_METHOD:
            of_model = SimpleNamespace(model=model, extent=wildcards.extent)
            files = [f"{name}-{method}.csv" for method in compared(config, of_model)]
        elif name in WITHOUT_TRUTH:
            files = [f"{name}-{wildcards.extent}.csv"]
        else:
            files = [f"{name}-{truth}-{wildcards.extent}.csv" for truth in kinds]
        found += [studies.run_path(config, wildcards.study, f"judges/{file}", model=model) for file in files]
    return found


def border(config: dict, wildcards) -> dict[str, list[str]]:
    """Smoothness and scores of every training of a study's border: its data set's models, its model's data sets."""
    studies.required(config, wildcards.study, BORDER)
    chosen = config["studies"][wildcards.study]
    pairs = [(chosen["dataset"], model) for model in chosen[BORDER]["models"]]
    pairs += [(dataset, chosen["model"]) for dataset in chosen[BORDER]["datasets"]]
    runs = [studies.RUN.format(dataset=name, model=model, seed=chosen["seed"]) for name, model in dict.fromkeys(pairs)]
    return {
        "smoothness": [f"{run}/judges/smoothness.csv" for run in runs],
        "scores": [f"{run}/judges/lds-fixed-{wildcards.extent}.csv" for run in runs],
    }
