# Data sets.
# Inputs: settings, archives, one's own files.  Outputs: results/{dataset}/data.h5, in which classes and subgroups go by their
# numbers or by the source's own names, and named.h5 with those of the settings; archives in results/downloads.
# Steps: by the data set's loader, prepare_toy (two-dimensional discs), download_archive -> prepare_cifar10, or
# prepare_arrays (npz, h5, table, images) -> name_classes, read by what shows names.


localrules:
    download_archive,


rule prepare_toy:
    input:
        code=code("data/prepare_toy.py"),
    output:
        data="results/{dataset}/data.h5",
    log:
        "results/logs/prepare_toy/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare_toy/{dataset}.tsv"
    wildcard_constraints:
        dataset=loaded_by("toy"),
    threads: cpus("prepare_toy")
    resources:
        **asked("prepare_toy"),
    params:
        settings=data_settings,
    script:
        "../scripts/data/prepare_toy.py"


# neither date nor content of the code count: an archive of the right digest stays right
rule download_archive:
    input:
        code=ancient(modules("data/download_archive.py")),
    output:
        archive="results/downloads/{folder}/{file}",
    log:
        "results/logs/download_archive/{folder}-{file}.log",
    benchmark:
        "results/benchmarks/download_archive/{folder}-{file}.tsv"
    wildcard_constraints:
        folder="(md5|sha256)-[0-9a-f]+",
        file="[^/]+",
    threads: cpus("download_archive")
    resources:
        **asked("download_archive"),
    params:
        source=download_of,
    script:
        "../scripts/data/download_archive.py"


rule prepare_cifar10:
    input:
        unpack(pairs_of),
        archive=archive_of,
        code=code("data/prepare_cifar10.py"),
    output:
        data="results/{dataset}/data.h5",
    log:
        "results/logs/prepare_cifar10/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare_cifar10/{dataset}.tsv"
    wildcard_constraints:
        dataset=loaded_by("cifar10"),
    threads: cpus("prepare_cifar10")
    resources:
        **asked("prepare_cifar10"),
    params:
        settings=data_settings,
        subgroups=subgroups_of,
    script:
        "../scripts/data/prepare_cifar10.py"


rule prepare_arrays:
    input:
        unpack(pairs_of),
        arrays=existing("path"),
        code=code("data/prepare_arrays.py"),
    output:
        data="results/{dataset}/data.h5",
    log:
        "results/logs/prepare_arrays/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare_arrays/{dataset}.tsv"
    wildcard_constraints:
        dataset=loaded_by("npz", "h5", "table", "images"),
    threads: cpus("prepare_arrays")
    resources:
        **asked("prepare_arrays"),
    params:
        settings=data_settings,
        subgroups=subgroups_of,
    script:
        "../scripts/data/prepare_arrays.py"


rule name_classes:
    input:
        data="results/{dataset}/data.h5",
        code=code("data/name_classes.py"),
    output:
        named="results/{dataset}/named.h5",
    log:
        "results/logs/name_classes/{dataset}.log",
    benchmark:
        "results/benchmarks/name_classes/{dataset}.tsv"
    threads: cpus("name_classes")
    resources:
        **asked("name_classes"),
    params:
        names=shown_names,
    script:
        "../scripts/data/name_classes.py"
