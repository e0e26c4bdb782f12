# Evaluation.
# Inputs: groups, influence, growth, decision boundary, scores of methods.  Outputs: evaluation.csv of each model and
# seed, and one table over training seeds and recipes.
# Steps: evaluate_study -> gather_seeds.


rule evaluate_study:
    input:
        data=data_for(run_checks.target),
        gradients=f"{RUN}{{scope}}/gradients.h5",
        influence=f"{RUN}{{scope}}/influence.h5",
        boundary=f"{RUN}/decision_boundary.h5",
        growth=f"{RUN}{{scope}}/growth.h5",
        groups=lambda w: [f"{RUN.format(**w)}{w.scope}/groups-{v}.h5" for v in evaluated_variants(w)],
        code=code("evaluation/evaluate_study.py"),
    output:
        evaluation=f"{RUN}{{scope}}/evaluation.csv",
    log:
        "results/logs/evaluate_study/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/evaluate_study/{dataset}-{model}-seed{seed}{scope}.tsv"
    wildcard_constraints:
        dataset=loaded_by("toy"),
    threads: cpus("evaluate_study")
    resources:
        **asked("evaluate_study"),
    params:
        evaluation={key: config["evaluation"][key] for key in ("top", "closest", "random_draws", "seed")},
        methods=evaluated_variants,
        subgroups=lambda w: settings.subgroups(config["datasets"][w.dataset]),
        target=lambda w: study_of(w)["target"],
    script:
        "../scripts/evaluation/evaluate_study.py"


# The same table of other data, from what else is measured of the run
rule evaluate_images:
    input:
        unpack(measured_of),
        code=code("evaluation/evaluate_images.py"),
    output:
        evaluation=f"{RUN}/evaluation.csv",
    log:
        "results/logs/evaluate_images/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/evaluate_images/{dataset}-{model}-seed{seed}.tsv"
    wildcard_constraints:
        dataset=loaded_by("cifar10", "npz", "h5"),
    threads: cpus("evaluate_images")
    resources:
        **asked("evaluate_images"),
    params:
        intervals={key: config["retrieval"][key] for key in ("resamples", "level", "seed")},
    script:
        "../scripts/evaluation/evaluate_images.py"


rule gather_seeds:
    input:
        evaluations=lambda w: [
            run_path(w.study, "evaluation.csv", model=model, seed=seed, scope="last_layer")
            for model, seed in runs_of(w.study)
        ],
        histories=lambda w: [
            run_path(w.study, "history.csv", model=model, seed=seed) for model, seed in runs_of(w.study)
        ],
        code=code("evaluation/gather_seeds.py"),
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
        runs=lambda w: [list(run) for run in runs_of(w.study)],
    script:
        "../scripts/evaluation/gather_seeds.py"


rule measure_overlap:
    input:
        data=data_for(run_checks.overlap),
        scores=groups_of("overlap", overlap_methods),
        code=code("evaluation/measure_overlap.py"),
    output:
        members=f"{RUN}/overlap.h5",
        overlap=f"{RUN}/overlap.csv",
    log:
        "results/logs/measure_overlap/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_overlap/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("measure_overlap")
    resources:
        **asked("measure_overlap"),
    params:
        overlap=lambda w: config["overlap"]
        | {key: settings.group(config["groups"], "", study_of(w))[key] for key in ("direction", "tie_seed")},
        subgroups=lambda w: settings.subgroups(config["datasets"][w.dataset]),
        cg=config["influence"]["cg"],
        methods=overlap_methods,
    script:
        "../scripts/evaluation/measure_overlap.py"


rule measure_agreement:
    input:
        data=data_of_study,
        files=agreement_files,
        code=code("evaluation/measure_agreement.py"),
    output:
        table="results/{study}/agreement.csv",
    log:
        "results/logs/measure_agreement/{study}.log",
    benchmark:
        "results/benchmarks/measure_agreement/{study}.tsv"
    threads: cpus("measure_agreement")
    resources:
        **asked("measure_agreement"),
    params:
        interval={key: config["retrieval"][key] for key in ("resamples", "level", "seed")},
    script:
        "../scripts/evaluation/measure_agreement.py"


rule measure_retrieval:
    input:
        unpack(inverse_of_last_layer),
        data="results/{dataset}/data.h5",
        scores=scores_of("retrieval"),
        groups=groups_of("retrieval", lambda w: config["methods"]["retrieval_groups"]),
        nearest=f"{RUN}/scores/retrieval/embedding-euclidean.h5",
        code=code("evaluation/measure_retrieval.py"),
    output:
        retrieval=f"{RUN}/retrieval.h5",
        table=f"{RUN}/retrieval.csv",
    log:
        "results/logs/measure_retrieval/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_retrieval/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("measure_retrieval")
    resources:
        **asked("measure_retrieval"),
    params:
        retrieval=config["retrieval"] | {"tie_seed": config["groups"]["tie_seed"]},
        cg=config["influence"]["cg"],
        methods=config["methods"]["retrieval"],
        grown=config["methods"]["retrieval_groups"],
    script:
        "../scripts/evaluation/measure_retrieval.py"


rule gather_retrieval:
    input:
        files=lambda w: [run_path(w.study, "retrieval.h5", seed=seed) for seed in config["studies"][w.study]["seeds"]],
        code=code("evaluation/gather_retrieval.py"),
    output:
        table="results/{study}/retrieval-seeds.csv",
    log:
        "results/logs/gather_retrieval/{study}.log",
    benchmark:
        "results/benchmarks/gather_retrieval/{study}.tsv"
    threads: cpus("gather_retrieval")
    resources:
        **asked("gather_retrieval"),
    params:
        retrieval=config["retrieval"],
    script:
        "../scripts/evaluation/gather_retrieval.py"
