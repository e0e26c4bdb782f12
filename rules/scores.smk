# Scores of attribution methods, each computed once and read by every judge.
# Inputs: what the method says that it needs.  Outputs: scores/METHOD.h5 (points, and pairs of injected images),
# scores/TABLE/METHOD.h5 (groups from the seeds of a table), attributions/METHOD.h5 (pairs with test points).
# Steps: score_method, group_method, attribute_method -> average_method; a method's file is an input of its own jobs only.


rule score_method:
    input:
        unpack(method_files),
        code=code_of_method("evaluation/score_method.py"),
    output:
        scores=f"{RUN}{{scope}}/scores/{{method}}.h5",
    log:
        "results/logs/score_method/{dataset}-{model}-seed{seed}{scope}-{method}.log",
    benchmark:
        "results/benchmarks/score_method/{dataset}-{model}-seed{seed}{scope}-{method}.tsv"
    wildcard_constraints:
        method=METHOD,
    threads: cpus("score_method")
    resources:
        **asked("score_method"),
    params:
        method=method_text,
        settings=method_settings,
    script:
        "../scripts/evaluation/score_method.py"


rule group_method:
    input:
        unpack(grown_files),
        code=code_of_method("groups/group_method.py"),
    output:
        scores=f"{RUN}{{scope}}/scores/{{table}}/{{method}}.h5",
    log:
        "results/logs/group_method/{dataset}-{model}-seed{seed}{scope}-{table}-{method}.log",
    benchmark:
        "results/benchmarks/group_method/{dataset}-{model}-seed{seed}{scope}-{table}-{method}.tsv"
    wildcard_constraints:
        method=METHOD,
        table=names.one_of(methods.TABLES),
    threads: cpus("group_method")
    resources:
        **asked("group_method"),
    params:
        method=method_text,
        settings=group_method_settings,
        asked=grown,
        subgroups=subgroups_of,
    script:
        "../scripts/groups/group_method.py"


# what a method says of test points' margins, for judges that retrain
rule attribute_method:
    input:
        unpack(attribution_files),
        own=own_model,
        code=code_of_attribution("evaluation/attribute_method.py"),
    output:
        attributions=f"{RUN}/attributions/{{method}}.h5",
    log:
        "results/logs/attribute_method/{dataset}-{model}-seed{seed}-{method}.log",
    benchmark:
        "results/benchmarks/attribute_method/{dataset}-{model}-seed{seed}-{method}.tsv"
    wildcard_constraints:
        method=METHOD,
    threads: cpus("attribute_method")
    resources:
        **asked("attribute_method"),
    params:
        method=method_text,
        settings=attribution_settings,
        recipe=recipe,
    script:
        "../scripts/evaluation/attribute_method.py"


# the mean of a method over so many training seeds
rule average_method:
    input:
        attributions=averaged_files,
        code=code("evaluation/average_method.py"),
    output:
        mean=f"{RUN}/attributions/{{method}}-{{models}}.h5",
    log:
        "results/logs/average_method/{dataset}-{model}-seed{seed}-{method}-{models}.log",
    benchmark:
        "results/benchmarks/average_method/{dataset}-{model}-seed{seed}-{method}-{models}.tsv"
    wildcard_constraints:
        method=METHOD,
        models="[1-9][0-9]*",
    threads: cpus("average_method")
    resources:
        **asked("average_method"),
    script:
        "../scripts/evaluation/average_method.py"
