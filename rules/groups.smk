# Groups.
# Inputs: data.h5, gradients.h5, hessian.h5, influence.h5.  Outputs: groups.h5 (section `groups` of the settings),
# groups-NAME.h5 (its variants), growth.h5.
# Steps: find_groups (Algorithm 1), measure_group_growth (figure 7); gather_seeds, of evaluation.csv over seeds.


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
        target=of_study_of_data("target"),
        other=of_study_of_data("other"),
        cg=setting("influence.cg"),
    script:
        "../scripts/groups/measure_group_growth.py"


rule gather_seeds:
    input:
        evaluations=over_runs("evaluation.csv"),
        histories=over_runs("history.csv"),
        code=code("groups/gather_seeds.py"),
    output:
        table="results/{study}/seeds.csv",
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
