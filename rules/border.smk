# Where attribution holds: how evenly trainings answer when points leave, beside the scores of methods.
# Inputs: data.h5, judges/lds-*.csv.  Outputs: judges/smoothness.csv, border-EXTENT.csv of a study.
# Steps: measure_smoothness -> map_border.


# whether a training answers evenly when points leave, which its derivatives need
rule measure_smoothness:
    input:
        data="results/{dataset}/data.h5",
        own=own_training("retraining"),
        code=code_of_network("border/measure_smoothness.py"),
    output:
        table=f"{RUN}/judges/smoothness.csv",
    log:
        "results/logs/measure_smoothness/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_smoothness/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("measure_smoothness")
    resources:
        **asked("measure_smoothness"),
    params:
        recipe=recipe,
        alphas=setting("truth.alphas"),
        settings=part("truth", "seed", "smoothness"),
    script:
        "../scripts/border/measure_smoothness.py"


# where attribution holds: scores of methods against how evenly the trainings answer
rule map_border:
    input:
        unpack(border_files),
        code=code("border/map_border.py"),
    output:
        table=report("results/{study}/border-{extent}.csv", **reported("border-*.csv")),
    log:
        "results/logs/map_border/{study}-{extent}.log",
    benchmark:
        "results/benchmarks/map_border/{study}-{extent}.tsv"
    wildcard_constraints:
        extent="small|full",
    threads: cpus("map_border")
    resources:
        **asked("map_border"),
    script:
        "../scripts/border/map_border.py"
