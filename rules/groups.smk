# Groups.
# Inputs: data.h5, gradients.h5, hessian.h5, influence.h5.  Outputs: groups.h5 (section `groups` of the settings),
# groups-NAME.h5 (its variants), growth.h5; stop_conditions.csv of a run, and the tables of a study.
# Steps: find_groups (Algorithm 1), measure_group_growth (figure 7); gather_seeds, of evaluation.csv over seeds;
# measure_stop_conditions -> compare_stop_conditions (where groups should stop, against known subgroups).


rule find_groups:
    input:
        unpack(rule_files),
        unpack(inverse_of),
        data=data_for(run_checks.groups),
        influence=f"{RUN}{{scope}}/influence.h5",
        code=code_of_groups("groups/find_groups.py"),
    output:
        groups=f"{RUN}{{scope}}/groups{{variant}}.h5",
    log:
        "results/logs/find_groups/{dataset}-{model}-seed{seed}{scope}{variant}.log",
    benchmark:
        "results/benchmarks/find_groups/{dataset}-{model}-seed{seed}{scope}{variant}.tsv"
    threads: cpus("find_groups")
    resources:
        **asked("find_groups"),
    params:
        group=group_settings,
        subgroups=subgroups_of,
        cg=setting("influence.cg"),
        method=rule_settings,
    script:
        "../scripts/groups/find_groups.py"


rule measure_group_growth:
    input:
        unpack(inverse_of),
        data=data_for(run_checks.target),
        boundary=f"{RUN}/decision_boundary.h5",
        code=code("groups/measure_group_growth.py"),
    output:
        growth=f"{RUN}{{scope}}/growth.h5",
    log:
        "results/logs/measure_group_growth/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/measure_group_growth/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("measure_group_growth")
    resources:
        **asked("measure_group_growth"),
    params:
        growth=setting("growth"),
        subgroups=subgroups_of,
        target=subgroup_of_data("target"),
        other=subgroup_of_data("other"),
        cg=setting("influence.cg"),
    script:
        "../scripts/groups/measure_group_growth.py"


rule gather_seeds:
    input:
        evaluations=over_runs("evaluation.csv"),
        histories=over_runs("history.csv"),
        code=code("groups/gather_seeds.py"),
    output:
        table=report("results/{study}/seeds.csv", **reported("seeds.csv")),
    log:
        "results/logs/gather_seeds/{study}.log",
    benchmark:
        "results/benchmarks/gather_seeds/{study}.tsv"
    threads: cpus("gather_seeds")
    resources:
        **asked("gather_seeds"),
    params:
        runs=runs_of_study,
    script:
        "../scripts/groups/gather_seeds.py"


# where every condition stops groups of every method, from the centre of each known subgroup
rule measure_stop_conditions:
    input:
        unpack(partition_files(partitions.STOPS)),
        own=own_model,
        code=code_of_partition("groups/measure_stop_conditions.py", partitions.STOPS),
    output:
        table=f"{RUN}/stop_conditions.csv",
    log:
        "results/logs/measure_stop_conditions/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_stop_conditions/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("measure_stop_conditions")
    resources:
        **asked("measure_stop_conditions"),
    params:
        methods=partition_methods(partitions.STOPS),
        recipes=partition_recipes,
        tie_seed=setting("groups.tie_seed"),
    script:
        "../scripts/groups/measure_stop_conditions.py"


rule compare_stop_conditions:
    input:
        tables=stopped_groups,
        code=code("groups/compare_stop_conditions.py"),
    output:
        table=report("results/{study}/stop-conditions.csv", **reported("stop-conditions.csv")),
        judged=report("results/{study}/stop-conditions-judged.csv", **reported("stop-conditions-judged.csv")),
    log:
        "results/logs/compare_stop_conditions/{study}.log",
    benchmark:
        "results/benchmarks/compare_stop_conditions/{study}.tsv"
    threads: cpus("compare_stop_conditions")
    resources:
        **asked("compare_stop_conditions"),
    params:
        interval=setting("bootstrap"),
    script:
        "../scripts/groups/compare_stop_conditions.py"
