# Weights boundary of points.
# Inputs: gradients.h5, or in all layers data.h5 and model.keras.  Outputs: boundary.h5, once for the last layer and
# once, below all_layers/, for all parameters.
# Steps: compute_boundary (resumes at the last finished shard of points).


rule compute_boundary:
    input:
        unpack(boundary_of),
        code=code("boundary/compute_boundary.py"),
    output:
        boundary=f"{RUN}{{scope}}/boundary.h5",
    log:
        "results/logs/compute_boundary/{dataset}-{model}-seed{seed}{scope}.log",
    benchmark:
        "results/benchmarks/compute_boundary/{dataset}-{model}-seed{seed}{scope}.tsv"
    threads: cpus("compute_boundary")
    resources:
        **asked("compute_boundary"),
    params:
        scope=scope_of,
        boundary=config["boundary"]["points"],
    script:
        "../scripts/boundary/compute_boundary.py"
