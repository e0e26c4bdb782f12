# Worth of boundary scores, and their figures for single points.
# Inputs: data, gradients, scores, boundary.h5 of each scope.  Outputs: inspection.h5 and inspection.csv of runs whose
# labels were flipped, one table over training seeds, results/figures/{study}/*.png and .pdf.
# Steps: measure_inspection -> gather_inspection; map_boundary_move -> plot_boundary_move (figure 13).


# scopes whose boundary scores figure boundary-solved puts side by side
SOLVED_SCOPES = ["last_layer", "all_layers"]


# self-influence is the last layer's in either scope: the Hessian of all layers is for small networks only
rule measure_inspection:
    input:
        data="results/{dataset}/data.h5",
        scores=scores_of("inspection"),
        code=code("evaluation/measure_inspection.py"),
    output:
        inspection=f"{RUN}{{scope}}/inspection.h5",
        table=f"{RUN}{{scope}}/inspection.csv",
    log:
        "results/logs/measure_inspection/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/measure_inspection/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("measure_inspection")
    resources:
        **asked("measure_inspection"),
    params:
        inspection=config["inspection"],
        methods=config["methods"]["inspection"],
    script:
        "../scripts/evaluation/measure_inspection.py"


rule gather_inspection:
    input:
        files=lambda w: [run_path(w.study, "inspection.h5", seed=seed) for seed in config["studies"][w.study]["seeds"]],
        code=code("evaluation/gather_inspection.py"),
    output:
        table="results/{study}/inspection-seeds.csv",
    log:
        "results/logs/gather_inspection/{study}.log",
    benchmark:
        "results/benchmarks/gather_inspection/{study}.tsv"
    threads: cpus("gather_inspection")
    resources:
        **asked("gather_inspection"),
    params:
        inspection=config["inspection"],
    script:
        "../scripts/evaluation/gather_inspection.py"


rule map_boundary_move:
    input:
        data=data_for(run_checks.target),
        gradients=f"{RUN}/gradients.h5",
        model=f"{RUN}/model.keras",
        code=code("boundary/map_boundary_move.py"),
    output:
        move=f"{RUN}/boundary_move.h5",
    log:
        "results/logs/map_boundary_move/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/map_boundary_move/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("map_boundary_move")
    resources:
        **asked("map_boundary_move"),
    params:
        plane=config["plane"],
        batch_size=config["influence"]["batch_size"],
        target=lambda w: study_of(w)["target"],
        subgroups=lambda w: settings.subgroups(config["datasets"][w.dataset]),
    script:
        "../scripts/boundary/map_boundary_move.py"


rule plot_inspection:
    input:
        inspection=of_study("inspection.h5"),
        table=of_study("inspection.csv"),
        style=style_file(),
        code=code("evaluation/plot_inspection.py"),
    output:
        png=report(
            "results/figures/{study}/inspection.png",
            caption="../report/inspection.rst",
            category="7. Evaluation",
            labels={"figure": "Flipped labels found, {study}"},
        ),
        pdf="results/figures/{study}/inspection.pdf",
    log:
        "results/logs/plot_inspection/{study}.log",
    benchmark:
        "results/benchmarks/plot_inspection/{study}.tsv"
    threads: cpus("plot_inspection")
    resources:
        **asked("plot_inspection"),
    params:
        level=config["inspection"]["level"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/evaluation/plot_inspection.py"


rule plot_boundary_points:
    input:
        data=data_of_study,
        gradients=of_study("gradients.h5", scope="last_layer"),
        influence=of_study("influence.h5", scope="last_layer"),
        boundary=lambda w: of_study("boundary.h5", scope=w.layers[1:].replace("-", "_") or "last_layer")(w),
        style=style_file(),
        code=code("boundary/plot_boundary_points.py"),
    output:
        png=report(
            "results/figures/{study}/boundary-points{layers}.png",
            caption="../report/boundary-points.rst",
            category="6. Weights boundary",
            labels={"figure": "Boundary score of points{layers}, {study}"},
        ),
        pdf="results/figures/{study}/boundary-points{layers}.pdf",
    log:
        "results/logs/plot_boundary_points/{study}{layers}.log",
    benchmark:
        "results/benchmarks/plot_boundary_points/{study}{layers}.tsv"
    wildcard_constraints:
        layers="(-all-layers)?",
    threads: cpus("plot_boundary_points")
    resources:
        **asked("plot_boundary_points"),
    params:
        scope=lambda w: w.layers[1:].replace("-", " ") or "last layer",
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/boundary/plot_boundary_points.py"


rule plot_boundary_solved:
    input:
        data=data_of_study,
        boundaries=lambda w: [of_study("boundary.h5", scope=scope)(w) for scope in SOLVED_SCOPES],
        style=style_file(),
        code=code("boundary/plot_boundary_solved.py"),
    output:
        png=report(
            "results/figures/{study}/boundary-solved.png",
            caption="../report/boundary-solved.rst",
            category="6. Weights boundary",
            labels={"figure": "Points whose boundary was found, {study}"},
        ),
        pdf="results/figures/{study}/boundary-solved.pdf",
    log:
        "results/logs/plot_boundary_solved/{study}.log",
    benchmark:
        "results/benchmarks/plot_boundary_solved/{study}.tsv"
    threads: cpus("plot_boundary_solved")
    resources:
        **asked("plot_boundary_solved"),
    params:
        scopes=[scope.replace("_", " ") for scope in SOLVED_SCOPES],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/boundary/plot_boundary_solved.py"


rule plot_boundary_move:
    input:
        data=data_of_study,
        move=of_study("boundary_move.h5"),
        style=style_file(),
        code=code("boundary/plot_boundary_move.py"),
    output:
        png=report(
            "results/figures/{study}/13-boundary.png",
            caption="../report/13-boundary.rst",
            category="6. Weights boundary",
            labels={"figure": "Figure 13: a move to the boundary, {study}"},
        ),
        pdf="results/figures/{study}/13-boundary.pdf",
    log:
        "results/logs/plot_boundary_move/{study}.log",
    benchmark:
        "results/benchmarks/plot_boundary_move/{study}.tsv"
    threads: cpus("plot_boundary_move")
    resources:
        **asked("plot_boundary_move"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/boundary/plot_boundary_move.py"
