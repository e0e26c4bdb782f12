# The whole training set divided into functioning groups.
# Inputs: data.h5, results that methods need.  Outputs: partition.h5 (labels and parts by every method of
# `methods.partition`), partition-removals-TRUTH.h5 (losses of networks trained again, or last layers refitted,
# without a part); tables of studies.
# Steps: partition_training_set; retrain_parts, refit_parts; compare_partitions, compare_part_removals over a study's trainings.


rule partition_training_set:
    input:
        unpack(partition_files(partitions.PARTITION)),
        own=own_model,
        code=code_of_partition("partition/partition_training_set.py", partitions.PARTITION),
    output:
        partition=f"{RUN}/partition.h5",
    log:
        "results/logs/partition_training_set/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/partition_training_set/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("partition_training_set")
    resources:
        **asked("partition_training_set"),
    params:
        methods=partition_methods(partitions.PARTITION),
        settings=setting("partition"),
        recipes=partition_recipes,
    script:
        "../scripts/partition/partition_training_set.py"


# each part of each partition leaves, and whole networks are trained again
rule retrain_parts:
    input:
        data="results/{dataset}/data.h5",
        partition=f"{RUN}/partition.h5",
        own=own_training("retraining"),
        code=code_of_network("partition/retrain_parts.py"),
    output:
        removals=f"{RUN}/partition-removals-{{truth}}.h5",
    log:
        "results/logs/retrain_parts/{dataset}-{model}-seed{seed}-{truth}.log",
    benchmark:
        "results/benchmarks/retrain_parts/{dataset}-{model}-seed{seed}-{truth}.tsv"
    wildcard_constraints:
        truth="fixed|averaged",
    threads: cpus("retrain_parts")
    resources:
        **asked("retrain_parts"),
    params:
        recipe=recipe,
        repetitions=setting("truth.repetitions"),
    script:
        "../scripts/partition/retrain_parts.py"


# the same of the last layer alone, refitted to its optimum on frozen features
rule refit_parts:
    input:
        data="results/{dataset}/data.h5",
        gradients=f"{RUN}/gradients.h5",
        partition=f"{RUN}/partition.h5",
        code=code("partition/refit_parts.py"),
    output:
        removals=f"{RUN}/partition-removals-last-layer.h5",
    log:
        "results/logs/refit_parts/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/refit_parts/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("refit_parts")
    resources:
        **asked("refit_parts"),
    params:
        l2=setting("retraining.shown_l2"),
    script:
        "../scripts/partition/refit_parts.py"


# groups of Algorithm 1 against what swaps of their members reach
rule improve_groups:
    input:
        unpack(inverse_of_last_layer),
        data="results/{dataset}/data.h5",
        groups=f"{RUN}/groups.h5",
        influence=f"{RUN}/influence.h5",
        code=code("partition/improve_groups.py"),
    output:
        table=report(f"{RUN}/improved_groups.csv", **reported("improved_groups.csv")),
    log:
        "results/logs/improve_groups/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/improve_groups/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("improve_groups")
    resources:
        **asked("improve_groups"),
    params:
        cg=setting("influence.cg"),
        excluded=lambda wildcards: group_settings(wildcards)["excluded"],
        swaps=setting("partition.swaps"),
    script:
        "../scripts/partition/improve_groups.py"


# against known subgroups, and against one another over training seeds
rule compare_partitions:
    input:
        data=data_of_study,
        partitions=over_partitions("partition.h5"),
        code=code("partition/compare_partitions.py"),
    output:
        table=report("results/{study}/partition.csv", **reported("partition.csv")),
        stability=report("results/{study}/partition-stability.csv", **reported("partition-stability.csv")),
    log:
        "results/logs/compare_partitions/{study}.log",
    benchmark:
        "results/benchmarks/compare_partitions/{study}.tsv"
    threads: cpus("compare_partitions")
    resources:
        **asked("compare_partitions"),
    params:
        runs=runs_of_study,
        geometry=geometry_of,
    script:
        "../scripts/partition/compare_partitions.py"


# against what leaves with a part, beside controls of the same sizes
rule compare_part_removals:
    input:
        partitions=over_partitions("partition.h5"),
        removals=over_partitions("partition-removals-{truth}.h5"),
        code=code("partition/compare_part_removals.py"),
    output:
        table=report("results/{study}/removal-{truth}.csv", **reported("removal-*.csv", more=", {truth} truth")),
    log:
        "results/logs/compare_part_removals/{study}-{truth}.log",
    benchmark:
        "results/benchmarks/compare_part_removals/{study}-{truth}.tsv"
    wildcard_constraints:
        truth="fixed|averaged|last-layer",
    threads: cpus("compare_part_removals")
    resources:
        **asked("compare_part_removals"),
    params:
        runs=runs_of_study,
        geometry=geometry_of,
        interval=setting("bootstrap"),
    script:
        "../scripts/partition/compare_part_removals.py"
