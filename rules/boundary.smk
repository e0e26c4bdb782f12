# Weights boundary.
# Inputs: gradients.h5, or in all layers data.h5 and model.keras; hessian.h5, influence.h5; groups of methods.  Outputs, once for the last
# layer and once, below all_layers/, for all parameters: boundary.h5 (of points), group_boundary.csv (random groups and
# clusters, by every form), boundary-groups-FORM.h5 (Algorithm 1 with a boundary score, in all layers with the iterative
# forms), boundary_move.h5 (figure 13); and boundary_overlap.csv.
# Steps: compute_boundary (resumes at the last finished shard of points); measure_group_boundary; find_boundary_groups;
# compare_boundary_groups; map_boundary_move.


rule compute_boundary:
    input:
        unpack(boundary_of),
        code=code("boundary/compute_boundary.py"),
    output:
        boundary=f"{RUN}{{scope}}/boundary.h5",
    log:
        "results/logs/compute_boundary/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/compute_boundary/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("compute_boundary")
    resources:
        **asked("compute_boundary"),
    params:
        scope=scope_of,
        boundary=setting("boundary.points"),
    script:
        "../scripts/boundary/compute_boundary.py"


rule measure_group_boundary:
    input:
        unpack(network_of),
        data="results/{dataset}/named.h5",
        gradients=f"{RUN}/gradients.h5",
        code=code("boundary/measure_group_boundary.py"),
    output:
        table=report(f"{RUN}{{scope}}/group_boundary.csv", **reported("group_boundary.csv")),
    log:
        "results/logs/measure_group_boundary/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/measure_group_boundary/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("measure_group_boundary")
    resources:
        **asked("measure_group_boundary"),
    params:
        scope=scope_of,
        boundary=part("boundary", "groups", "points"),
        training=training_of,
    script:
        "../scripts/boundary/measure_group_boundary.py"


rule find_boundary_groups:
    input:
        unpack(inverse_of_last_layer),
        unpack(network_of),
        data=data_for(run_checks.boundary_groups),
        influence=f"{RUN}/influence.h5",
        code=code("boundary/find_boundary_groups.py"),
    output:
        groups=f"{RUN}{{scope}}/boundary-groups-{{form}}.h5",
    log:
        "results/logs/find_boundary_groups/{dataset}-{model}-seed{seed}{scope}-{form}.log",
    benchmark:
        "results/benchmarks/find_boundary_groups/{dataset}-{model}-seed{seed}{scope}-{form}.tsv"
    threads: cpus("find_boundary_groups")
    resources:
        **asked("find_boundary_groups"),
    params:
        scope=scope_of,
        group=group_settings,
        boundary=setting("boundary"),
        training=training_of,
        cg=setting("influence.cg"),
        subgroups=subgroups_of,
    script:
        "../scripts/boundary/find_boundary_groups.py"


rule compare_boundary_groups:
    input:
        data=data_for(run_checks.compared_groups),
        scores=groups_of("boundary_overlap", compared_methods),
        code=code("boundary/compare_boundary_groups.py"),
    output:
        table=report(f"{RUN}/boundary_overlap.csv", **reported("boundary_overlap.csv")),
    log:
        "results/logs/compare_boundary_groups/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/compare_boundary_groups/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("compare_boundary_groups")
    resources:
        **asked("compare_boundary_groups"),
    params:
        size=setting("boundary.greedy.size"),
        methods=compared_methods,
    script:
        "../scripts/boundary/compare_boundary_groups.py"


rule map_boundary_move:
    input:
        unpack(boundary_of),
        data=data_for(run_checks.target),
        model=f"{RUN}/model.keras",
        code=code("boundary/map_boundary_move.py"),
    output:
        move=f"{RUN}{{scope}}/boundary_move.h5",
    log:
        "results/logs/map_boundary_move/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/map_boundary_move/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("map_boundary_move")
    resources:
        **asked("map_boundary_move"),
    params:
        scope=scope_of,
        plane=setting("plane"),
        batch_size=setting("influence.batch_size"),
        target=subgroup_of_data("target"),
        subgroups=subgroups_of,
    script:
        "../scripts/boundary/map_boundary_move.py"
