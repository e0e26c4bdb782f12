# Scores of attribution methods, each computed once and read by every judge.
# Inputs: what the method says that it needs.  Outputs: scores/METHOD.h5 (points, and pairs of injected images),
# scores/TABLE/METHOD.h5 (groups from the seeds of a table).
# Steps: score_method, group_method; a method's file is an input of its own jobs only.


rule score_method:
    input:
        unpack(method_files),
        own=own_of_method,
        code=code_of_followed("evaluation/score_method.py"),
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
        recipe=followed_recipe,
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
