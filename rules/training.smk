# Training.
# Inputs: results/{dataset}/data.h5, a user's own model file.  Outputs: model.keras and history.csv of each model and seed.
# Steps: train_model (resumes at the last finished epoch) -> map_decision_boundary (two-dimensional data).


rule train_model:
    input:
        data="results/{dataset}/data.h5",
        own=own_network("model.keras"),
        code=code_of_network("training/train_model.py"),
    output:
        model=f"{RUN}/model.keras",
        history=f"{RUN}/history.csv",
    log:
        "results/logs/train_model/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/train_model/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("train_model")
    resources:
        **asked("train_model"),
    params:
        recipe=recipe,
    script:
        "../scripts/training/train_model.py"


rule map_decision_boundary:
    input:
        data="results/{dataset}/data.h5",
        model=f"{RUN}/model.keras",
        code=code("training/map_decision_boundary.py"),
    output:
        boundary=f"{RUN}/decision_boundary.h5",
    log:
        "results/logs/map_decision_boundary/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/map_decision_boundary/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("map_decision_boundary")
    resources:
        **asked("map_decision_boundary"),
    params:
        plane=setting("plane"),
        batch_size=setting("influence.batch_size"),
    script:
        "../scripts/training/map_decision_boundary.py"
