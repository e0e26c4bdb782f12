# What a user reads: labels to look at, what test points owe to training points, what each class is taken for.
# Inputs: data.h5, gradients.h5, results of the last layer, model.keras, as methods need.  Outputs: suspicious.csv,
# explanations/METHOD.h5 (pairs with the explained test points), explanations.csv, confusion.csv, recall.csv,
# explore.html, export/TABLE.csv or .parquet, folds.h5 (logits by networks that have not seen the point); judges/labels.csv,
# and of a study labels-seeds.csv, summary*.html and wandb*; results/history.csv and its figure.
# Steps: predict_folds; list_suspicious (after score_method); explain_method -> list_explanations; measure_confusion;
# judge_labels and gather_labels (of labels known to be wrong); write_explore_page, of whatever of the run exists;
# summarise_study, and track_study after it.


rule predict_folds:
    input:
        data="results/{dataset}/data.h5",
        own=own_training("training in folds"),
        code=code_of_network("answers/predict_folds.py"),
    output:
        folds=f"{RUN}/folds.h5",
    log:
        "results/logs/predict_folds/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/predict_folds/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("predict_folds")
    resources:
        **asked("predict_folds"),
    params:
        recipe=recipe,
        number=setting("answers.folds"),
    script:
        "../scripts/answers/predict_folds.py"


rule list_suspicious:
    input:
        unpack(suggesting),
        data="results/{dataset}/named.h5",
        gradients=f"{RUN}/gradients.h5",
        scores=scores_of("suspicious"),
        code=code("answers/list_suspicious.py"),
    output:
        table=report(f"{RUN}/suspicious.csv", **reported("suspicious.csv")),
    log:
        "results/logs/list_suspicious/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/list_suspicious/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("list_suspicious")
    resources:
        **asked("list_suspicious"),
    params:
        methods=methods_of("suspicious"),
        tie_seed=setting("groups.tie_seed"),
    script:
        "../scripts/answers/list_suspicious.py"


rule explain_method:
    input:
        unpack(explaining_files),
        own=own_model,
        code=code_of_attribution("answers/explain_method.py"),
    output:
        pairs=f"{RUN}/explanations/{{method}}.h5",
    log:
        "results/logs/explain_method/{dataset}-{model}-seed{seed}-{method}.log",
    benchmark:
        "results/benchmarks/explain_method/{dataset}-{model}-seed{seed}-{method}.tsv"
    wildcard_constraints:
        method=METHOD,
    threads: cpus("explain_method")
    resources:
        **asked("explain_method"),
    params:
        method=method_text,
        settings=explaining_settings,
        explained=explained_points,
        recipe=recipe,
    script:
        "../scripts/answers/explain_method.py"


rule list_explanations:
    input:
        data="results/{dataset}/named.h5",
        gradients=f"{RUN}/gradients.h5",
        explanations=explanations_of,
        code=code("answers/list_explanations.py"),
    output:
        table=report(f"{RUN}/explanations.csv", **reported("explanations.csv")),
    log:
        "results/logs/list_explanations/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/list_explanations/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("list_explanations")
    resources:
        **asked("list_explanations"),
    params:
        methods=explaining_methods,
        points=setting("answers.explanations.points"),
        tie_seed=setting("groups.tie_seed"),
    script:
        "../scripts/answers/list_explanations.py"


rule measure_confusion:
    input:
        data="results/{dataset}/named.h5",
        gradients=f"{RUN}/gradients.h5",
        code=code("answers/measure_confusion.py"),
    output:
        confusion=report(f"{RUN}/confusion.csv", **reported("confusion.csv")),
        recall=report(f"{RUN}/recall.csv", **reported("recall.csv")),
    log:
        "results/logs/measure_confusion/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_confusion/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("measure_confusion")
    resources:
        **asked("measure_confusion"),
    params:
        level=setting("bootstrap.level"),
    script:
        "../scripts/answers/measure_confusion.py"


rule write_explore_page:
    input:
        data="results/{dataset}/named.h5",
        gradients=f"{RUN}/gradients.h5",
        hessian=f"{RUN}/hessian.h5",
        influence=f"{RUN}/influence.h5",
        suspicious=f"{RUN}/suspicious.csv",
        explanations=f"{RUN}/explanations.csv",
        shown=shown_results,
        template=page_files,
        code=code("answers/write_explore_page.py"),
    output:
        page=report(
            f"{RUN}/explore.html",
            caption="../report/answers/explore.rst",
            category="8. Answers",
            labels={"figure": "A page to look through", "study": "{dataset}, {model}, seed {seed}"},
        ),
    log:
        "results/logs/write_explore_page/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/write_explore_page/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("write_explore_page")
    resources:
        **asked("write_explore_page"),
    params:
        settings=setting("answers.page"),
    script:
        "../scripts/answers/write_explore_page.py"


rule export_table:
    input:
        data="results/{dataset}/named.h5",
        files=exported_files,
        code=code("answers/export_table.py"),
    output:
        table=f"{RUN}/export/{{table}}.{{ending}}",
    log:
        "results/logs/export_table/{dataset}-{model}-seed{seed}-{table}-{ending}.log",
    benchmark:
        "results/benchmarks/export_table/{dataset}-{model}-seed{seed}-{table}-{ending}.tsv"
    wildcard_constraints:
        table=names.one_of(answers.EXPORTED),
        ending="csv|parquet",
    threads: cpus("export_table")
    resources:
        **asked("export_table"),
    script:
        "../scripts/answers/export_table.py"


# after everything else that a target builds of the study; without a name in the page's, target `own`
rule summarise_study:
    input:
        unpack(summarised_run),
        shown=lambda wildcards: list(tables_shown(wildcards)),
        others=others_of_study,
        captions=captions_of_study,
        template=summary_template,
        code=code("answers/summarise_study.py"),
    output:
        page=report(
            "results/{study}/summary{of}.html",
            caption="../report/answers/summary.rst",
            category="0. Summary",
            labels={"figure": "Data, network, accuracy, tables and jobs", "study": "{study}"},
        ),
    log:
        "results/logs/summarise_study/{study}{of}.log",
    benchmark:
        "results/benchmarks/summarise_study/{study}{of}.tsv"
    wildcard_constraints:
        of=r"(-\w+)?",
    threads: cpus("summarise_study")
    resources:
        **asked("summarise_study"),
    params:
        facts=facts_of_study,
        tables=tables_shown,
        level=setting("bootstrap.level"),
    script:
        "../scripts/answers/summarise_study.py"


# offline, and only where package wandb is asked for; from files, so of jobs on a cluster too
rule track_study:
    input:
        history=history_of_study,
        # last of all
        summary="results/{study}/summary{of}.html",
        code=code("answers/track_study.py"),
    output:
        folder=directory("results/{study}/wandb{of}"),
    log:
        "results/logs/track_study/{study}{of}.log",
    benchmark:
        "results/benchmarks/track_study/{study}{of}.tsv"
    wildcard_constraints:
        of=r"(-\w+)?",
    threads: cpus("track_study")
    resources:
        **asked("track_study"),
    params:
        facts=facts_of_study,
        project=setting("tracking.wandb.project"),
    script:
        "../scripts/answers/track_study.py"


rule gather_history:
    input:
        benchmarks=answers.benchmarks,
        code=code("answers/gather_history.py"),
    output:
        table=report(
            "results/history.csv",
            caption="../report/answers/history.rst",
            category="8. Answers",
            labels={"figure": "Table: time and memory of every job", "study": "all"},
        ),
    log:
        "results/logs/gather_history/all.log",
    benchmark:
        "results/benchmarks/gather_history/all.tsv"
    threads: cpus("gather_history")
    resources:
        **asked("gather_history"),
    script:
        "../scripts/answers/gather_history.py"


rule plot_history:
    input:
        table="results/history.csv",
        style=style_file,
        code=code("answers/plot_history.py"),
    output:
        png=report(
            "results/figures/history.png",
            caption="../report/answers/history.rst",
            category="8. Answers",
            labels={"figure": "Time and memory of every job", "study": "all"},
        ),
        pdf="results/figures/history.pdf",
    log:
        "results/logs/plot_history/all.log",
    benchmark:
        "results/benchmarks/plot_history/all.tsv"
    threads: cpus("plot_history")
    resources:
        **asked("plot_history"),
    params:
        dpi=setting("figures.dpi"),
    script:
        "../scripts/answers/plot_history.py"


rule judge_labels:
    input:
        unpack(human_labels_of),
        data="results/{dataset}/named.h5",
        scores=scores_of("labels"),
        code=code("answers/judge_labels.py"),
    output:
        table=report(f"{RUN}/judges/labels.csv", **reported("judges/labels.csv")),
    log:
        "results/logs/judge_labels/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/judge_labels/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("judge_labels")
    resources:
        **asked("judge_labels"),
    params:
        methods=methods_of("labels"),
        class_names=source_classes,
        interval=setting("bootstrap"),
    script:
        "../scripts/answers/judge_labels.py"


# the same over the training seeds of a study, from the scores themselves
rule gather_labels:
    input:
        unpack(human_labels_of),
        data=named_of_study,
        scores=labels_over_seeds,
        code=code("answers/gather_labels.py"),
    output:
        table=report("results/{study}/labels-seeds.csv", **reported("labels-seeds.csv")),
    log:
        "results/logs/gather_labels/{study}.log",
    benchmark:
        "results/benchmarks/gather_labels/{study}.tsv"
    threads: cpus("gather_labels")
    resources:
        **asked("gather_labels"),
    params:
        methods=labels_methods,
        class_names=source_classes,
        interval=setting("bootstrap"),
        about=about_study,
    script:
        "../scripts/answers/gather_labels.py"
