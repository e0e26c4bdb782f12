# Data sets.
# Inputs: settings.  Outputs: results/{dataset}/data.h5.
# Steps: prepare_toy (two-dimensional discs).


rule prepare_toy:
    input:
        code=code("prepare_toy.py"),
    output:
        data="results/{dataset}/data.h5",
    log:
        "results/logs/prepare_toy/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare_toy/{dataset}.tsv"
    params:
        settings=lambda w: config["datasets"][w.dataset],
    script:
        "../scripts/prepare_toy.py"
