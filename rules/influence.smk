# Gradients, Hessian, influence of points.
# Inputs: data.h5, model.keras, or a user's own file of features and last layer.  Outputs: gradients.h5, hessian.h5, influence.h5, topk.h5, once for the last
# layer and once, below all_layers/, for all parameters.
# Steps: cache_gradients, or of such a file read_factors, -> cache_hessian -> compute_influence, compute_topk (the first
# and the last resume at their last finished block); find_near_duplicates (of the last layer) -> near_duplicates.csv.


rule cache_gradients:
    input:
        data="results/{dataset}/data.h5",
        model=f"{RUN}/model.keras",
        code=code("influence/cache_gradients.py"),
    output:
        gradients=f"{RUN}{{scope}}/gradients.h5",
    log:
        "results/logs/cache_gradients/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/cache_gradients/{dataset}-{model}-seed{seed}{scope}.tsv"
    wildcard_constraints:
        model=not_built_as("factors"),
    threads: cpus("cache_gradients")
    resources:
        **asked("cache_gradients"),
    params:
        scope=scope_of,
        batch_size=setting("influence.batch_size"),
        storage=setting("influence.storage"),
        class_weights=class_weights_of,
    script:
        "../scripts/influence/cache_gradients.py"


rule read_factors:
    input:
        data="results/{dataset}/data.h5",
        own=own_factors,
        code=code("influence/read_factors.py"),
    output:
        gradients=f"{RUN}{{scope}}/gradients.h5",
    log:
        "results/logs/read_factors/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/read_factors/{dataset}-{model}-seed{seed}{scope}.tsv"
    wildcard_constraints:
        model=built_as("factors"),
    threads: cpus("read_factors")
    resources:
        **asked("read_factors"),
    params:
        recipe=recipe,
        storage=setting("influence.storage"),
    script:
        "../scripts/influence/read_factors.py"


rule cache_hessian:
    input:
        unpack(network_of),
        gradients=f"{RUN}{{scope}}/gradients.h5",
        code=code("influence/cache_hessian.py"),
    output:
        hessian=f"{RUN}{{scope}}/hessian.h5",
    log:
        "results/logs/cache_hessian/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/cache_hessian/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("cache_hessian")
    resources:
        **asked("cache_hessian"),
    params:
        scope=scope_of,
        solver=setting("influence.solver"),
        batch_size=setting("influence.batch_size"),
        damping=damping_of,
    script:
        "../scripts/influence/cache_hessian.py"


rule compute_influence:
    input:
        unpack(inverse_of),
        labels=data_for(run_checks.targets),
        code=code("influence/compute_influence.py"),
    output:
        influence=f"{RUN}{{scope}}/influence.h5",
    log:
        "results/logs/compute_influence/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/compute_influence/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("compute_influence")
    resources:
        **asked("compute_influence"),
    params:
        targets=influence_targets,
        matrix_gb=setting("influence.matrix_gb"),
        subgroups=subgroups_of,
        cg=setting("influence.cg"),
    script:
        "../scripts/influence/compute_influence.py"


rule compute_topk:
    input:
        unpack(inverse_of),
        labels="results/{dataset}/data.h5",
        code=code("influence/compute_topk.py"),
    output:
        topk=f"{RUN}{{scope}}/topk.h5",
    log:
        "results/logs/compute_topk/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/compute_topk/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("compute_topk")
    resources:
        **asked("compute_topk"),
    params:
        topk=with_tie_seed("influence.topk"),
        cg=setting("influence.cg"),
    script:
        "../scripts/influence/compute_topk.py"


rule find_near_duplicates:
    input:
        unpack(inverse_of_last_layer),
        unpack(network_with_convolution),
        data="results/{dataset}/data.h5",
        own=own_model,
        code=code("influence/find_near_duplicates.py"),
    output:
        table=report(f"{RUN}/near_duplicates.csv", **reported("near_duplicates.csv")),
    log:
        "results/logs/find_near_duplicates/{dataset}-{model}-seed{seed}.log",
    benchmark:
        "results/benchmarks/find_near_duplicates/{dataset}-{model}-seed{seed}.tsv"
    threads: cpus("find_near_duplicates")
    resources:
        **asked("find_near_duplicates"),
    params:
        pairs=setting("answers.near_duplicates.pairs"),
        cg=setting("influence.cg"),
        batch_size=setting("influence.batch_size"),
        matrix_gb=setting("influence.matrix_gb"),
    script:
        "../scripts/influence/find_near_duplicates.py"
