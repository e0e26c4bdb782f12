# Weights boundary of groups.
# Inputs: data.h5, gradients.h5, hessian.h5, influence.h5, groups of methods (scores.smk).  Outputs: group_boundary.csv
# (random groups and clusters, by every form), boundary-groups-FORM.h5 (Algorithm 1 with a boundary score), both also in
# all layers with the iterative forms; boundary_overlap.csv, figures 14 and 15.
# Steps: measure_group_boundary; find_boundary_groups; compare_boundary_groups; one rule a figure.


rule measure_group_boundary:
    input:
        unpack(network_of),
        data="results/{dataset}/data.h5",
        gradients=f"{RUN}/gradients.h5",
        code=code("boundary/measure_group_boundary.py"),
    output:
        table=f"{RUN}{{scope}}/group_boundary.csv",
    log:
        "results/logs/measure_group_boundary/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/measure_group_boundary/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("measure_group_boundary")
    resources:
        **asked("measure_group_boundary"),
    params:
        scope=scope_of,
        boundary={key: config["boundary"][key] for key in ("groups", "points")},
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
        group=lambda w: settings.group(config["groups"], "", study_of(w)),
        boundary=config["boundary"],
        training=training_of,
        cg=config["influence"]["cg"],
        subgroups=lambda w: settings.subgroups(config["datasets"][w.dataset]),
    script:
        "../scripts/boundary/find_boundary_groups.py"


rule compare_boundary_groups:
    input:
        data=data_for(run_checks.compared_groups),
        scores=groups_of("boundary_overlap", compared_methods),
        code=code("boundary/compare_boundary_groups.py"),
    output:
        table=f"{RUN}/boundary_overlap.csv",
    log:
        "results/logs/compare_boundary_groups/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/compare_boundary_groups/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("compare_boundary_groups")
    resources:
        **asked("compare_boundary_groups"),
    params:
        size=config["boundary"]["greedy"]["size"],
        methods=compared_methods,
    script:
        "../scripts/boundary/compare_boundary_groups.py"


rule plot_group_boundary:
    input:
        table=of_study("group_boundary.csv", scope="last_layer"),
        style=style_file(),
        code=code("boundary/plot_group_boundary.py"),
    output:
        png=report(
            "results/figures/{study}/15-group-boundary.png",
            caption="../report/15-group-boundary.rst",
            category="6. Weights boundary",
            labels={"figure": "Figure 15: random groups against clusters, {study}"},
        ),
        pdf="results/figures/{study}/15-group-boundary.pdf",
    log:
        "results/logs/plot_group_boundary/{study}.log",
    benchmark:
        "results/benchmarks/plot_group_boundary/{study}.tsv"
    threads: cpus("plot_group_boundary")
    resources:
        **asked("plot_group_boundary"),
    params:
        shown=config["boundary"]["groups"]["shown"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/boundary/plot_group_boundary.py"


rule plot_boundary_forms:
    input:
        table=of_study("group_boundary.csv", scope="last_layer"),
        style=style_file(),
        code=code("boundary/plot_boundary_forms.py"),
    output:
        png=report(
            "results/figures/{study}/boundary-forms.png",
            caption="../report/boundary-forms.rst",
            category="6. Weights boundary",
            labels={"figure": "Forms of the group boundary against the exact one, {study}"},
        ),
        pdf="results/figures/{study}/boundary-forms.pdf",
    log:
        "results/logs/plot_boundary_forms/{study}.log",
    benchmark:
        "results/benchmarks/plot_boundary_forms/{study}.tsv"
    threads: cpus("plot_boundary_forms")
    resources:
        **asked("plot_boundary_forms"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/boundary/plot_boundary_forms.py"


rule plot_boundary_groups:
    input:
        data=data_of_study,
        groups=lambda w: of_study(f"boundary-groups-{w.form}.h5", scope="last_layer")(w),
        style=style_file(),
        code=code("boundary/plot_boundary_groups.py"),
    output:
        png=report(
            "results/figures/{study}/14-boundary-groups-{form}.png",
            caption="../report/14-boundary-groups.rst",
            category="6. Weights boundary",
            labels={"figure": "Figure 14: groups by weights boundary, {form}, {study}"},
        ),
        pdf="results/figures/{study}/14-boundary-groups-{form}.pdf",
    log:
        "results/logs/plot_boundary_groups/{study}-{form}.log",
    benchmark:
        "results/benchmarks/plot_boundary_groups/{study}-{form}.tsv"
    threads: cpus("plot_boundary_groups")
    resources:
        **asked("plot_boundary_groups"),
    params:
        candidates=lambda w: config["boundary"]["greedy"]["forms"][w.form],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/boundary/plot_boundary_groups.py"


rule plot_boundary_overlap:
    input:
        table=of_study("boundary_overlap.csv", scope="last_layer"),
        style=style_file(),
        code=code("boundary/plot_boundary_overlap.py"),
    output:
        png=report(
            "results/figures/{study}/boundary-overlap.png",
            caption="../report/boundary-overlap.rst",
            category="6. Weights boundary",
            labels={"figure": "Groups by boundary, influence and embedding, {study}"},
        ),
        pdf="results/figures/{study}/boundary-overlap.pdf",
    log:
        "results/logs/plot_boundary_overlap/{study}.log",
    benchmark:
        "results/benchmarks/plot_boundary_overlap/{study}.tsv"
    threads: cpus("plot_boundary_overlap")
    resources:
        **asked("plot_boundary_overlap"),
    params:
        size=config["boundary"]["greedy"]["size"],
        forms=config["boundary"]["greedy"]["forms"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/boundary/plot_boundary_overlap.py"
