# Scores of attribution methods, each computed once and read by every judge.
# Inputs: what the method says that it needs.  Outputs: scores/METHOD.h5 (points, and pairs of injected images) and
# scores/TABLE/METHOD.h5 (groups from the seeds of a table).
# Steps: score_method, group_method; a method's file is an input of its own jobs only.


rule score_method:
    input:
        unpack(method_files),
        code=method_code("evaluation/score_method.py"),
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
        method=lambda w: registry.METHODS[w.method],
        settings=method_settings,
    script:
        "../scripts/evaluation/score_method.py"


rule group_method:
    input:
        unpack(grown_files),
        code=method_code("groups/group_method.py"),
    output:
        scores=f"{RUN}/scores/{{table}}/{{method}}.h5",
    log:
        "results/logs/group_method/{dataset}-{model}-seed{seed}-{table}-{method}.log",
    benchmark:
        "results/benchmarks/group_method/{dataset}-{model}-seed{seed}-{table}-{method}.tsv"
    wildcard_constraints:
        method=METHOD,
        table=one_of_names(GROWN),
    threads: cpus("group_method")
    resources:
        **asked("group_method"),
    params:
        method=lambda w: registry.METHODS[w.method],
        settings=lambda w: method_settings(w) | {"groups.tie_seed": config["groups"]["tie_seed"]},
        asked=lambda w: GROWN[w.table](w),
        subgroups=lambda w: settings.subgroups(config["datasets"][w.dataset]),
    script:
        "../scripts/groups/group_method.py"
