# Retraining and datamodels.
# Inputs: data.h5, gradients.h5, hessian.h5 of the last layer, scores of methods.
# Outputs: retraining/*.h5 (networks trained again), removals.h5 and removals.csv (their losses beside what methods
# predict), datamodels/{estimator}-alpha*-k*.h5, and for each extent (small: in `toy`; full: in `toy_datamodels`) one table.
# Steps: retrain_leave_one_out, retrain_groups -> compare_removals; retrain_subsets -> fit_datamodels -> gather_datamodels.


rule retrain_leave_one_out:
    input:
        data="results/{dataset}/data.h5",
        own=own_training("retraining"),
        code=code("retraining/retrain_leave_one_out.py"),
    output:
        networks=f"{RUN}/retraining/leave-one-out-{{repetition}}.h5",
    log:
        "results/logs/retrain_leave_one_out/{dataset}-{model}-seed{seed}-{repetition}.log",
    benchmark:
        "results/benchmarks/retrain_leave_one_out/{dataset}-{model}-seed{seed}-{repetition}.tsv"
    threads: cpus("retrain_leave_one_out")
    resources:
        **asked("retrain_leave_one_out"),
    params:
        recipe=recipe,
    script:
        "../scripts/retraining/retrain_leave_one_out.py"


rule retrain_groups:
    input:
        data="results/{dataset}/data.h5",
        own=own_training("retraining"),
        code=code("retraining/retrain_groups.py"),
    output:
        networks=f"{RUN}/retraining/groups-{{repetition}}.h5",
    log:
        "results/logs/retrain_groups/{dataset}-{model}-seed{seed}-{repetition}.log",
    benchmark:
        "results/benchmarks/retrain_groups/{dataset}-{model}-seed{seed}-{repetition}.tsv"
    threads: cpus("retrain_groups")
    resources:
        **asked("retrain_groups"),
    params:
        recipe=recipe,
        groups=setting("retraining.groups"),
    script:
        "../scripts/retraining/retrain_groups.py"


rule compare_removals:
    input:
        data="results/{dataset}/data.h5",
        gradients=f"{RUN}/gradients.h5",
        scores=scores_of_removals,
        leave_one_out=repetitions("leave-one-out"),
        groups=repetitions("groups"),
        code=code_of_removals("retraining/compare_removals.py"),
    output:
        removals=f"{RUN}/removals.h5",
        table=report(f"{RUN}/removals.csv", **reported("removals.csv")),
    log:
        "results/logs/compare_removals/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/compare_removals/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("compare_removals")
    resources:
        **asked("compare_removals"),
    params:
        l2s=setting("retraining.convex_l2"),
        groups=setting("retraining.groups"),
        one=texts_of("leave_one_out"),
        several=texts_of("leave_groups_out"),
    script:
        "../scripts/retraining/compare_removals.py"


# whole networks without the points that a study names, and without random sets of as many
rule retrain_without_named:
    input:
        unpack(removed_file),
        data="results/{dataset}/data.h5",
        own=own_training("retraining"),
        code=code_of_network("retraining/retrain_without_named.py"),
    output:
        networks=f"{RUN}/retraining/named.h5",
    log:
        "results/logs/retrain_without_named/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/retrain_without_named/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("retrain_without_named")
    resources:
        **asked("retrain_without_named"),
    params:
        recipe=recipe,
        removed=removed_points,
        draws=setting("answers.removal.networks"),
        draw_seed=setting("answers.removal.seed"),
    script:
        "../scripts/retraining/retrain_without_named.py"


# the same of the last layer, refitted
rule refit_without_named:
    input:
        unpack(removed_file),
        unpack(named_networks),
        data="results/{dataset}/data.h5",
        gradients=f"{RUN}/gradients.h5",
        code=code("retraining/refit_without_named.py"),
    output:
        table=report(f"{RUN}/named_removal.csv", **reported("named_removal.csv")),
        draws=f"{RUN}/named_removal_draws.csv",
    log:
        "results/logs/refit_without_named/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/refit_without_named/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("refit_without_named")
    resources:
        **asked("refit_without_named"),
    params:
        removed=removed_points,
        draws=setting("answers.removal.draws"),
        draw_seed=setting("answers.removal.seed"),
        l2=setting("retraining.shown_l2"),
        level=setting("bootstrap.level"),
    script:
        "../scripts/retraining/refit_without_named.py"


rule retrain_subsets:
    input:
        data="results/{dataset}/data.h5",
        own=own_training("retraining"),
        code=code("retraining/retrain_subsets.py"),
    output:
        networks=f"{RUN}/retraining/subsets-alpha{{alpha}}-{{shard}}.h5",
    log:
        "results/logs/retrain_subsets/{dataset}-{model}-seed{seed}-alpha{alpha}-{shard}.log",
    benchmark:
        "results/benchmarks/retrain_subsets/{dataset}-{model}-seed{seed}-alpha{alpha}-{shard}.tsv"
    threads: cpus("retrain_subsets")
    resources:
        **asked("retrain_subsets"),
    params:
        recipe=recipe,
        numbers=shard_numbers,
        draw_seed=setting("datamodels.seed"),
    script:
        "../scripts/retraining/retrain_subsets.py"


rule fit_datamodels:
    input:
        unpack(inverse_of_last_layer),
        data="results/{dataset}/data.h5",
        shards=subset_shards,
        held_out=f"{RUN}/retraining/subsets-alpha{{alpha}}-held-out.h5",
        code=code("retraining/fit_datamodels.py"),
    output:
        # the estimators of attribution/datamodels.py, in its order
        f"{RUN}/datamodels/retrain-alpha{{alpha}}-k{{subsets}}.h5",
        f"{RUN}/datamodels/influence-alpha{{alpha}}-k{{subsets}}.h5",
        f"{RUN}/datamodels/influence-re-evaluated-alpha{{alpha}}-k{{subsets}}.h5",
        f"{RUN}/datamodels/shuffled-alpha{{alpha}}-k{{subsets}}.h5",
        table=f"{RUN}/datamodels/alpha{{alpha}}-k{{subsets}}.csv",
    log:
        "results/logs/fit_datamodels/{dataset}-{model}-seed{seed}-alpha{alpha}-k{subsets}.log",
    benchmark:
        "results/benchmarks/fit_datamodels/{dataset}-{model}-seed{seed}-alpha{alpha}-k{subsets}.tsv"
    threads: cpus("fit_datamodels")
    resources:
        **asked("fit_datamodels"),
    params:
        datamodels=part("datamodels", "penalties", "components", "seed"),
        cg=setting("influence.cg"),
    script:
        "../scripts/retraining/fit_datamodels.py"


rule gather_datamodels:
    input:
        tables=datamodel_tables,
        data="results/{dataset}/data.h5",
        gradients=f"{RUN}/gradients.h5",
        code=code("retraining/gather_datamodels.py"),
    output:
        table=report(f"{RUN}/datamodels-{{extent}}.csv", **reported("datamodels-*.csv", more=", {extent}")),
    log:
        "results/logs/gather_datamodels/{dataset}-{model}-seed{seed}-{extent}.log",
    benchmark:
        "results/benchmarks/gather_datamodels/{dataset}-{model}-seed{seed}-{extent}.tsv"
    threads: cpus("gather_datamodels")
    resources:
        **asked("gather_datamodels"),
    script:
        "../scripts/retraining/gather_datamodels.py"
