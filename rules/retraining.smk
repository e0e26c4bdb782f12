# Retraining.
# Inputs: data.h5, gradients.h5, hessian.h5 of the last layer.  Outputs: retraining/*.h5 (networks trained again),
# removals.h5 and removals.csv (their losses beside what influence predicts).
# Steps: retrain_leave_one_out, retrain_groups -> compare_removals; retrain_subsets (for datamodels).


rule retrain_leave_one_out:
    input:
        data="results/{dataset}/data.h5",
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
        recipe=lambda w: config["models"][w.model],
    script:
        "../scripts/retraining/retrain_leave_one_out.py"


rule retrain_groups:
    input:
        data="results/{dataset}/data.h5",
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
        recipe=lambda w: config["models"][w.model],
        groups=config["retraining"]["groups"],
    script:
        "../scripts/retraining/retrain_groups.py"


rule compare_removals:
    input:
        data="results/{dataset}/data.h5",
        gradients=f"{RUN}/gradients.h5",
        hessian=f"{RUN}/hessian.h5",
        leave_one_out=lambda w: repetitions(w, "leave-one-out"),
        groups=lambda w: repetitions(w, "groups"),
        code=code("retraining/compare_removals.py"),
    output:
        removals=f"{RUN}/removals.h5",
        table=f"{RUN}/removals.csv",
    log:
        "results/logs/compare_removals/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/compare_removals/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("compare_removals")
    resources:
        **asked("compare_removals"),
    params:
        l2s=config["retraining"]["convex_l2"],
        groups=config["retraining"]["groups"],
    script:
        "../scripts/retraining/compare_removals.py"


rule retrain_subsets:
    input:
        data="results/{dataset}/data.h5",
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
        recipe=lambda w: config["models"][w.model],
        numbers=lambda w: shard_numbers(w.shard),
        draw_seed=config["datamodels"]["seed"],
    script:
        "../scripts/retraining/retrain_subsets.py"
