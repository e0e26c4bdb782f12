# Attribution of test margins against whole networks trained again.
# Inputs: data.h5, results of the last layer, model.keras, as methods need.  Outputs: truth/*.h5 (networks without some
# points), attributions/METHOD.h5 (pairs with test points), brittleness/METHOD.h5 (networks without what a method credits most),
# group-removals/METHOD.h5 (predictions for whole groups), judges/*.csv, tables of studies.
# Steps: grow_removals -> retrain_truth; attribute_method -> average_method; measure_lds, predict_removals -> measure_removals,
# measure_embeddings, measure_stability, retrain_without_top -> measure_brittleness -> gather_truths.


# groups that Algorithm 1 finds, to leave whole
rule grow_removals:
    input:
        unpack(inverse_of_last_layer),
        data="results/{dataset}/data.h5",
        influence=f"{RUN}/influence.h5",
        code=code("groups/grow_removals.py"),
    output:
        groups=f"{RUN}/truth/found-groups.h5",
    log:
        "results/logs/grow_removals/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/grow_removals/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("grow_removals")
    resources:
        **asked("grow_removals"),
    params:
        rules=setting("truth.found"),
        groups=setting("retraining.groups"),
        tie_seed=setting("groups.tie_seed"),
        cg=setting("influence.cg"),
    script:
        "../scripts/groups/grow_removals.py"


# whole networks trained without some points, for judges of attribution
rule retrain_truth:
    input:
        unpack(found_groups),
        data="results/{dataset}/data.h5",
        own=own_training("retraining"),
        code=code_of_network("truth/retrain_truth.py"),
    output:
        networks=f"{RUN}/truth/{{truth}}-{{sets}}-{{shard}}.h5",
    log:
        "results/logs/retrain_truth/{dataset}-{model}-seed{seed}-{truth}-{sets}-{shard}.log",
    benchmark:
        "results/benchmarks/retrain_truth/{dataset}-{model}-seed{seed}-{truth}-{sets}-{shard}.tsv"
    wildcard_constraints:
        truth="fixed|averaged",
        sets="(fit-)?alpha[0-9.]+|leave-one-out|groups",
    threads: cpus("retrain_truth")
    resources:
        **asked("retrain_truth"),
    params:
        recipe=recipe,
        numbers=truth_numbers,
        settings=truth_settings,
    script:
        "../scripts/truth/retrain_truth.py"


# what a method says of test points' margins, for judges that retrain
rule attribute_method:
    input:
        unpack(attribution_files),
        own=own_model,
        code=code_of_attribution("truth/attribute_method.py"),
    output:
        attributions=f"{RUN}/attributions/{{method}}.h5",
    log:
        "results/logs/attribute_method/{dataset}-{model}-seed{seed}-{method}.log",
    benchmark:
        "results/benchmarks/attribute_method/{dataset}-{model}-seed{seed}-{method}.tsv"
    wildcard_constraints:
        method=METHOD,
    threads: cpus("attribute_method")
    resources:
        **asked("attribute_method"),
    params:
        method=method_text,
        settings=attribution_settings,
        recipe=recipe,
    script:
        "../scripts/truth/attribute_method.py"


# the mean of a method over so many training seeds
rule average_method:
    input:
        attributions=averaged_files,
        trainings=further_trainings,
        code=code("truth/average_method.py"),
    output:
        mean=f"{RUN}/attributions/{{method}}-{{models}}.h5",
    log:
        "results/logs/average_method/{dataset}-{model}-seed{seed}-{method}-{models}.log",
    benchmark:
        "results/benchmarks/average_method/{dataset}-{model}-seed{seed}-{method}-{models}.tsv"
    wildcard_constraints:
        method=METHOD,
        models="[1-9][0-9]*",
    threads: cpus("average_method")
    resources:
        **asked("average_method"),
    script:
        "../scripts/truth/average_method.py"


# linear datamodelling score, against whole networks trained on random subsets
rule measure_lds:
    input:
        truth=judging,
        attributions=attributed_files,
        code=code("truth/measure_lds.py"),
    output:
        table=f"{RUN}/judges/lds-{{truth}}-{{extent}}.csv",
    log:
        "results/logs/measure_lds/{dataset}-{model}-seed{seed}-{truth}-{extent}.log",
    benchmark:
        "results/benchmarks/measure_lds/{dataset}-{model}-seed{seed}-{truth}-{extent}.tsv"
    wildcard_constraints:
        truth="fixed|averaged",
        extent="small|full",
    threads: cpus("measure_lds")
    resources:
        **asked("measure_lds"),
    params:
        methods=attributed_methods,
        subsets=lambda wildcards: setting(f"truth.{wildcards.extent}.subsets")(wildcards),
        interval=setting("bootstrap"),
    script:
        "../scripts/truth/measure_lds.py"


# what a method of whole groups says of margins when groups leave
rule predict_removals:
    input:
        unpack(predicting_files),
        own=own_model,
        code=code_of_attribution("truth/predict_removals.py"),
    output:
        falls=f"{RUN}/group-removals/{{method}}.h5",
    log:
        "results/logs/predict_removals/{dataset}-{model}-seed{seed}-{method}.log",
    benchmark:
        "results/benchmarks/predict_removals/{dataset}-{model}-seed{seed}-{method}.tsv"
    wildcard_constraints:
        method=METHOD,
    threads: cpus("predict_removals")
    resources:
        **asked("predict_removals"),
    params:
        method=method_text,
        settings=attribution_settings,
        drawn=truth_settings,
        recipe=recipe,
    script:
        "../scripts/truth/predict_removals.py"


# single points and groups that leave, against the same
rule measure_removals:
    input:
        unpack(removing),
        attributions=attributed_files,
        predicted=predicted_removals,
        code=code("truth/measure_removals.py"),
    output:
        alone=f"{RUN}/judges/leave-one-out-{{truth}}-{{extent}}.csv",
        groups=f"{RUN}/judges/group-removals-{{truth}}-{{extent}}.csv",
    log:
        "results/logs/measure_removals/{dataset}-{model}-seed{seed}-{truth}-{extent}.log",
    benchmark:
        "results/benchmarks/measure_removals/{dataset}-{model}-seed{seed}-{truth}-{extent}.tsv"
    wildcard_constraints:
        truth="fixed|averaged",
        extent="small|full",
    threads: cpus("measure_removals")
    resources:
        **asked("measure_removals"),
    params:
        methods=attributed_methods,
        of_groups=setting("methods.group_removals"),
        interval=setting("bootstrap"),
    script:
        "../scripts/truth/measure_removals.py"


# networks without the points that a method credits most with each target; a job a method
rule retrain_without_top:
    input:
        data="results/{dataset}/data.h5",
        attributions=attribution_of_name,
        own=own_training("retraining"),
        code=code_of_network("truth/retrain_without_top.py"),
    output:
        margins=f"{RUN}/brittleness/{{method}}.h5",
    log:
        "results/logs/retrain_without_top/{dataset}-{model}-seed{seed}-{method}.log",
    benchmark:
        "results/benchmarks/retrain_without_top/{dataset}-{model}-seed{seed}-{method}.tsv"
    wildcard_constraints:
        method=EVERY_ATTRIBUTED,
    threads: cpus("retrain_without_top")
    resources:
        **asked("retrain_without_top"),
    params:
        recipe=recipe,
        settings=setting("truth.brittleness"),
    script:
        "../scripts/truth/retrain_without_top.py"


rule measure_brittleness:
    input:
        retrained=without_top,
        code=code("truth/measure_brittleness.py"),
    output:
        table=f"{RUN}/judges/brittleness-{{truth}}-{{extent}}.csv",
    log:
        "results/logs/measure_brittleness/{dataset}-{model}-seed{seed}-{truth}-{extent}.log",
    benchmark:
        "results/benchmarks/measure_brittleness/{dataset}-{model}-seed{seed}-{truth}-{extent}.tsv"
    wildcard_constraints:
        truth="fixed",
        extent="small|full",
    threads: cpus("measure_brittleness")
    resources:
        **asked("measure_brittleness"),
    params:
        methods=attributed_methods,
        shares=setting("truth.brittleness.shares"),
        interval=setting("bootstrap"),
    script:
        "../scripts/truth/measure_brittleness.py"


# whether trainings from other seeds attribute alike; nothing is trained without points
rule measure_stability:
    input:
        attributions=over_trainings,
        code=code("truth/measure_stability.py"),
    output:
        table=f"{RUN}/judges/attribution-stability-{{extent}}.csv",
    log:
        "results/logs/measure_stability/{dataset}-{model}-seed{seed}-{extent}.log",
    benchmark:
        "results/benchmarks/measure_stability/{dataset}-{model}-seed{seed}-{extent}.tsv"
    wildcard_constraints:
        extent="small|full",
    threads: cpus("measure_stability")
    resources:
        **asked("measure_stability"),
    params:
        methods=attributed_methods,
        trainings=setting("truth.trainings"),
        interval=setting("bootstrap"),
    script:
        "../scripts/truth/measure_stability.py"


# whether a method places test points as datamodels by retraining do
rule measure_embeddings:
    input:
        subsets=fitted_truths,
        attributions=attribution_of_name,
        code=code("truth/measure_embeddings.py"),
    output:
        table=f"{RUN}/judges/embeddings-{{method}}.csv",
    log:
        "results/logs/measure_embeddings/{dataset}-{model}-seed{seed}-{method}.log",
    benchmark:
        "results/benchmarks/measure_embeddings/{dataset}-{model}-seed{seed}-{method}.tsv"
    wildcard_constraints:
        method=EVERY_ATTRIBUTED,
    threads: cpus("measure_embeddings")
    resources:
        **asked("measure_embeddings"),
    params:
        number=setting("truth.fitted.subsets"),
        penalties=setting("datamodels.penalties"),
        components=setting("datamodels.components"),
        interval=setting("bootstrap"),
    script:
        "../scripts/truth/measure_embeddings.py"


rule gather_truths:
    input:
        tables=lambda wildcards: tables_of_study(wildcards.table)(wildcards),
        code=code("truth/gather_truths.py"),
    output:
        table=report("results/{study}/{table}-{extent}.csv", **reported("lds-*.csv", title="{table}, {extent}")),
    log:
        "results/logs/gather_truths/{study}-{table}-{extent}.log",
    benchmark:
        "results/benchmarks/gather_truths/{study}-{table}-{extent}.tsv"
    wildcard_constraints:
        table=names.one_of(attributions.TABLES),
        extent="small|full",
    threads: cpus("gather_truths")
    resources:
        **asked("gather_truths"),
    script:
        "../scripts/truth/gather_truths.py"
