# What the rules share that run or compare attribution methods: their code, inputs and settings. No rules here.

from attribution.methods import registry

in_one_sentence(registry.check, config)
METHOD = one_of_names(registry.METHODS)
# what groups are compared with in overlap.csv
EMBEDDINGS = ["embedding-euclidean", "embedding-cosine"]


def code_with(script, name):
    """A script, and where one is named the file of a method with what it imports, as an input."""
    own = modules(registry.file_of(name).relative_to(BASE / "scripts")) if name else []
    return by_content(sorted({*modules(script), *own}))


def method_code(script):
    """Input function: the script, and the file of the method in the wildcard with what it imports."""
    return lambda wildcards: code_with(script, wildcards.method)


def method_files(wildcards, name=None):
    """Results that a method needs, of the last layer; a boundary in the scope asked for. And the run's data."""
    run, scope = RUN.format(**wildcards), getattr(wildcards, "scope", "")
    needs = registry.told(name or wildcards.method, "needs")
    if scope and "boundary" not in needs:
        raise WorkflowError(
            f"{name or wildcards.method} has no scores of its own in scope {scope[1:]}; ask {run} for them"
        )
    places = {need: f"{run}{scope if need == 'boundary' else ''}/{need}.h5" for need in needs}
    return places | {"data": f"results/{wildcards.dataset}/data.h5"}


def method_settings(wildcards, name=None):
    """Settings that a method reads, by dotted name."""
    return in_one_sentence(registry.settings_of, name or wildcards.method, config, training_of(wildcards))


def scores_of(judge):
    """Input function: scores of the methods that a judge compares; those that no boundary enters have one scope."""

    def files(wildcards):
        run, scope = RUN.format(**wildcards), getattr(wildcards, "scope", "")
        return [
            f"{run}{scope if 'boundary' in registry.told(name, 'needs') else ''}/scores/{name}.h5"
            for name in config["methods"][judge]
        ]

    return files


# which seeds a table has groups grown from, how large, and to which ends of the scores; see methods/targets.py
GROWN = {
    "overlap": lambda w: {
        "seeds": config["overlap"]["seeds"],
        "injected": "never",
        "size": config["overlap"]["size"],
        "directions": [settings.group(config["groups"], "", study_of(w))["direction"]],
    },
    "boundary_overlap": lambda w: {
        "seeds": config["overlap"]["seeds"],
        "injected": "first",
        "size": config["boundary"]["greedy"]["size"],
        "directions": ["max"],
    },
    "retrieval": lambda w: {
        "injected": "only",
        "size": max(config["retrieval"]["cutoffs"]) + 1,
        "directions": ["max", "min"],
    },
}
# checks of the settings of those groups against the run's data
FITTING = {"overlap": run_checks.overlap, "boundary_overlap": run_checks.compared_groups}


def grown_files(wildcards):
    """Results that the method needs, once the groups asked for fit the run's data."""
    found = method_files(wildcards)
    if wildcards.table in FITTING:
        found["data"] = data_for(FITTING[wildcards.table])(wildcards)
    return found


def overlap_methods(wildcards):
    """Methods of overlap.csv, the neighbours in the embedding before all others."""
    return [*EMBEDDINGS, *(name for name in config["methods"]["overlap"] if name not in EMBEDDINGS)]


def compared_methods(wildcards):
    """Methods of boundary_overlap.csv: those of the settings, and each form of the boundary that groups grow by."""
    return [
        *config["methods"]["boundary_overlap"],
        *(f"boundary-{form}" for form in config["boundary"]["greedy"]["forms"]),
    ]


def groups_of(table, methods):
    """Input function: groups of each of these methods, a function of wildcards, for a table."""
    return lambda wildcards: [f"{RUN.format(**wildcards)}/scores/{table}/{name}.h5" for name in methods(wildcards)]


def rule_method(wildcards):
    """The method whose pairs are the rule of the groups; empty where the rule is one of Algorithm 1's own."""
    name = group_settings(wildcards)["rule"]
    if name in registry.RULES:
        return ""
    if scope_of(wildcards) != "last_layer":
        raise WorkflowError(
            f"groups by '{name}' exist in the last layer only; set groups.rule to another, or the scope"
        )
    return name


def rule_files(wildcards):
    """Results that such a method needs, beside those that every group needs."""
    name = rule_method(wildcards)
    found = method_files(wildcards, name) if name else {}
    return {need: path for need, path in found.items() if need not in ("data", "gradients", "hessian", "influence")}


def rule_settings(wildcards):
    """What such a method's name stands for, and the settings that it reads."""
    name = rule_method(wildcards)
    return {"name": registry.METHODS[name], "settings": method_settings(wildcards, name)} if name else {}
