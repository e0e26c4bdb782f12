# Datamodels.
# Inputs: shards of retraining/subsets-*.h5, gradients.h5, hessian.h5.  Outputs: datamodels/{estimator}-alpha*-k*.h5,
# and for each extent (small: in `toy`; full: in `toy_datamodels`) one table.
# Steps: fit_datamodels -> gather_datamodels.


rule fit_datamodels:
    input:
        unpack(inverse_of_last_layer),
        data="results/{dataset}/data.h5",
        shards=lambda w: [
            f"{RUN.format(**w)}/retraining/subsets-alpha{w.alpha}-{shard}.h5"
            for shard in subsets.shards_for(config["datamodels"]["shards"], int(w.subsets))
        ],
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
        datamodels={key: config["datamodels"][key] for key in ("penalties", "components", "seed")},
        cg=config["influence"]["cg"],
    script:
        "../scripts/retraining/fit_datamodels.py"


rule gather_datamodels:
    input:
        tables=lambda w: [
            f"{RUN.format(**w)}/datamodels/alpha{alpha:g}-k{subsets}.csv"
            for alpha in config["datamodels"]["alphas"]
            for subsets in config["datamodels"][w.extent]
        ],
        data="results/{dataset}/data.h5",
        gradients=f"{RUN}/gradients.h5",
        code=code("retraining/gather_datamodels.py"),
    output:
        table=f"{RUN}/datamodels-{{extent}}.csv",
    log:
        "results/logs/gather_datamodels/{dataset}-{model}-seed{seed}-{extent}.log",
    benchmark:
        "results/benchmarks/gather_datamodels/{dataset}-{model}-seed{seed}-{extent}.tsv"
    threads: cpus("gather_datamodels")
    resources:
        **asked("gather_datamodels"),
    script:
        "../scripts/retraining/gather_datamodels.py"
