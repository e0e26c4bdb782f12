# Evaluation.
# Inputs: groups, influence, boundary scores, growth, decision boundary, scores of methods.  Outputs: evaluation.csv of
# each model and seed, overlap.csv, retrieval.csv, inspection.csv, and tables over training seeds and models.
# Steps: evaluate_study or evaluate_images; measure_overlap -> measure_agreement; measure_retrieval ->
# gather_retrieval (near-duplicates); measure_inspection -> gather_inspection (flipped labels); judge_methods.


rule evaluate_study:
    input:
        data=data_for(run_checks.target),
        boundary=f"{RUN}/decision_boundary.h5",
        growth=f"{RUN}{{scope}}/growth.h5",
        groups=variant_groups,
        recovered=groups_of("recovery", recovery_methods),
        points=scores_of("closest"),
        code=code("evaluation/evaluate_study.py"),
    output:
        evaluation=report(f"{RUN}{{scope}}/evaluation.csv", **reported("evaluation.csv")),
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
        evaluation=part("evaluation", "top", "closest"),
        methods=evaluated_variants,
        recovery=recovery_methods,
        closest=setting("methods.closest"),
        subgroups=subgroups_of,
        target=subgroup_of_data("target"),
    script:
        "../scripts/evaluation/evaluate_study.py"


# The same table of other data, from what else is measured of the run
rule evaluate_images:
    input:
        unpack(measured_of),
        code=code("evaluation/evaluate_images.py"),
    output:
        evaluation=report(f"{RUN}/evaluation.csv", **reported("evaluation.csv", "run")),
    log:
        "results/logs/evaluate_images/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/evaluate_images/{dataset}-{model}-seed{seed}.tsv"
    wildcard_constraints:
        dataset=not_loaded_by("toy"),
    threads: cpus("evaluate_images")
    resources:
        **asked("evaluate_images"),
    params:
        intervals=part("retrieval", "resamples", "level", "seed"),
    script:
        "../scripts/evaluation/evaluate_images.py"


rule measure_overlap:
    input:
        data=data_for(run_checks.overlap),
        scores=groups_of("overlap", overlap_methods),
        code=code("evaluation/measure_overlap.py"),
    output:
        members=f"{RUN}/overlap.h5",
        overlap=report(f"{RUN}/overlap.csv", **reported("overlap.csv")),
    log:
        "results/logs/measure_overlap/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_overlap/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("measure_overlap")
    resources:
        **asked("measure_overlap"),
    params:
        overlap=overlap_settings,
        subgroups=subgroups_of,
        cg=setting("influence.cg"),
        methods=overlap_methods,
    script:
        "../scripts/evaluation/measure_overlap.py"


rule measure_agreement:
    input:
        data=data_of_study,
        files=agreement_files,
        code=code("evaluation/measure_agreement.py"),
    output:
        table=report("results/{study}/agreement.csv", **reported("agreement.csv")),
    log:
        "results/logs/measure_agreement/{study}.log",
    benchmark:
        "results/benchmarks/measure_agreement/{study}.tsv"
    threads: cpus("measure_agreement")
    resources:
        **asked("measure_agreement"),
    params:
        interval=part("retrieval", "resamples", "level", "seed"),
    script:
        "../scripts/evaluation/measure_agreement.py"


rule measure_retrieval:
    input:
        unpack(inverse_of_last_layer),
        data="results/{dataset}/data.h5",
        scores=scores_of("retrieval"),
        groups=groups_of("retrieval", setting("methods.retrieval_groups")),
        nearest=f"{RUN}/scores/retrieval/embedding-euclidean.h5",
        code=code("evaluation/measure_retrieval.py"),
    output:
        retrieval=f"{RUN}/retrieval.h5",
        table=report(f"{RUN}/retrieval.csv", **reported("retrieval.csv")),
    log:
        "results/logs/measure_retrieval/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_retrieval/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("measure_retrieval")
    resources:
        **asked("measure_retrieval"),
    params:
        retrieval=with_tie_seed("retrieval"),
        cg=setting("influence.cg"),
        methods=methods_of("retrieval"),
        grown=setting("methods.retrieval_groups"),
    script:
        "../scripts/evaluation/measure_retrieval.py"


rule gather_retrieval:
    input:
        files=over_seeds("retrieval.h5"),
        code=code("evaluation/gather_retrieval.py"),
    output:
        table=report("results/{study}/retrieval-seeds.csv", **reported("retrieval-seeds.csv")),
    log:
        "results/logs/gather_retrieval/{study}.log",
    benchmark:
        "results/benchmarks/gather_retrieval/{study}.tsv"
    threads: cpus("gather_retrieval")
    resources:
        **asked("gather_retrieval"),
    params:
        retrieval=setting("retrieval"),
    script:
        "../scripts/evaluation/gather_retrieval.py"


# self-influence is the last layer's in either scope: the Hessian of all layers is for small networks only
rule measure_inspection:
    input:
        data="results/{dataset}/data.h5",
        scores=scores_of("inspection"),
        code=code("evaluation/measure_inspection.py"),
    output:
        inspection=f"{RUN}{{scope}}/inspection.h5",
        table=report(f"{RUN}{{scope}}/inspection.csv", **reported("inspection.csv")),
    log:
        "results/logs/measure_inspection/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/measure_inspection/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("measure_inspection")
    resources:
        **asked("measure_inspection"),
    params:
        inspection=setting("inspection"),
        methods=methods_of("inspection"),
    script:
        "../scripts/evaluation/measure_inspection.py"


rule gather_inspection:
    input:
        files=over_seeds("inspection.h5"),
        code=code("evaluation/gather_inspection.py"),
    output:
        table=report("results/{study}/inspection-seeds.csv", **reported("inspection-seeds.csv")),
    log:
        "results/logs/gather_inspection/{study}.log",
    benchmark:
        "results/benchmarks/gather_inspection/{study}.tsv"
    threads: cpus("gather_inspection")
    resources:
        **asked("gather_inspection"),
    params:
        inspection=setting("inspection"),
    script:
        "../scripts/evaluation/gather_inspection.py"


# a judge that needs no settings is a function; its file is an input of its own jobs only
rule judge_methods:
    input:
        data="results/{dataset}/data.h5",
        scores=judged_files,
        code=code_of_judge("evaluation/judge_methods.py"),
    output:
        table=f"{RUN}/judges/{{judge}}.csv",
    log:
        "results/logs/judge_methods/{dataset}-{model}-seed{seed}-{judge}.log",
    benchmark:
        "results/benchmarks/judge_methods/{dataset}-{model}-seed{seed}-{judge}.tsv"
    wildcard_constraints:
        judge=JUDGE,
    threads: cpus("judge_methods")
    resources:
        **asked("judge_methods"),
    params:
        judge=judge_text,
        methods=judged_methods,
    script:
        "../scripts/evaluation/judge_methods.py"
