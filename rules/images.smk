# Figures of image data.
# Inputs: results of a study's dataset, model, seed and scope.  Outputs: results/figures/{study}/*.png and .pdf.
# Steps: one rule a figure; those of figures.smk are drawn on the plane of the toy data.


rule plot_training_curves:
    input:
        history=of_study("history.csv"),
        style=style_file(),
        code=code("training/plot_training_curves.py"),
    output:
        png=report(
            "results/figures/{study}/training-curves.png",
            caption="../report/training-curves.rst",
            category="2. Model",
            labels={"figure": "Training curves, {study}"},
        ),
        pdf="results/figures/{study}/training-curves.pdf",
    log:
        "results/logs/plot_training_curves/{study}.log",
    benchmark:
        "results/benchmarks/plot_training_curves/{study}.tsv"
    threads: cpus("plot_training_curves")
    resources:
        **asked("plot_training_curves"),
    params:
        model=lambda w: config["studies"][w.study]["model"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/training/plot_training_curves.py"


rule plot_extreme_images:
    input:
        data=data_of_study,
        gradients=of_study("gradients.h5", scope="last_layer"),
        influence=of_study("influence.h5"),
        style=style_file(),
        code=code("influence/plot_extreme_images.py"),
    output:
        png=report(
            "results/figures/{study}/extreme-images.png",
            caption="../report/extreme-images.rst",
            category="3. Influence of points",
            labels={"figure": "Most and least self-influential images, {study}"},
        ),
        pdf="results/figures/{study}/extreme-images.pdf",
    log:
        "results/logs/plot_extreme_images/{study}.log",
    benchmark:
        "results/benchmarks/plot_extreme_images/{study}.tsv"
    threads: cpus("plot_extreme_images")
    resources:
        **asked("plot_extreme_images"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/influence/plot_extreme_images.py"


rule plot_image_groups:
    input:
        data=data_of_study,
        groups=lambda w: of_study(f"groups{w.variant}.h5")(w),
        influence=of_study("influence.h5"),
        style=style_file(),
        code=code("groups/plot_image_groups.py"),
    output:
        png=report(
            "results/figures/{study}/11-groups{variant}.png",
            caption="../report/11-groups.rst",
            category="5. Functioning groups",
            labels={"figure": "Figures 11, 16, 17: groups of images{variant}, {study}"},
        ),
        pdf="results/figures/{study}/11-groups{variant}.pdf",
    log:
        "results/logs/plot_image_groups/{study}{variant}.log",
    benchmark:
        "results/benchmarks/plot_image_groups/{study}{variant}.tsv"
    threads: cpus("plot_image_groups")
    resources:
        **asked("plot_image_groups"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/groups/plot_image_groups.py"


rule plot_overlap:
    input:
        overlap=of_study("overlap.csv"),
        style=style_file(),
        code=code("evaluation/plot_overlap.py"),
    output:
        png=report(
            "results/figures/{study}/overlap.png",
            caption="../report/overlap.rst",
            category="7. Evaluation",
            labels={"figure": "Groups against nearest neighbours, {study}"},
        ),
        pdf="results/figures/{study}/overlap.pdf",
    log:
        "results/logs/plot_overlap/{study}.log",
    benchmark:
        "results/benchmarks/plot_overlap/{study}.tsv"
    threads: cpus("plot_overlap")
    resources:
        **asked("plot_overlap"),
    params:
        size=config["overlap"]["size"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/evaluation/plot_overlap.py"


rule plot_agreement:
    input:
        table="results/{study}/agreement.csv",
        style=style_file(),
        code=code("evaluation/plot_agreement.py"),
    output:
        png=report(
            "results/figures/{study}/agreement.png",
            caption="../report/agreement.rst",
            category="7. Evaluation",
            labels={"figure": "Agreement of groups between trainings, {study}"},
        ),
        pdf="results/figures/{study}/agreement.pdf",
    log:
        "results/logs/plot_agreement/{study}.log",
    benchmark:
        "results/benchmarks/plot_agreement/{study}.tsv"
    threads: cpus("plot_agreement")
    resources:
        **asked("plot_agreement"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/evaluation/plot_agreement.py"


rule plot_near_duplicates:
    input:
        data=data_of_study,
        gradients=of_study("gradients.h5", scope="last_layer"),
        retrieval=of_study("retrieval.h5"),
        style=style_file(),
        code=code("evaluation/plot_near_duplicates.py"),
    output:
        png=report(
            "results/figures/{study}/12-near-duplicates.png",
            caption="../report/12-near-duplicates.rst",
            category="7. Evaluation",
            labels={"figure": "Figure 12: near-duplicates, {study}"},
        ),
        pdf="results/figures/{study}/12-near-duplicates.pdf",
    log:
        "results/logs/plot_near_duplicates/{study}.log",
    benchmark:
        "results/benchmarks/plot_near_duplicates/{study}.tsv"
    threads: cpus("plot_near_duplicates")
    resources:
        **asked("plot_near_duplicates"),
    params:
        rule=lambda w: settings.group(config["groups"], "", config["studies"][w.study])["rule"],
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/evaluation/plot_near_duplicates.py"


rule plot_retrieval_seeds:
    input:
        table="results/{study}/retrieval-seeds.csv",
        style=style_file(),
        code=code("evaluation/plot_retrieval_seeds.py"),
    output:
        png=report(
            "results/figures/{study}/retrieval-seeds.png",
            caption="../report/retrieval-seeds.rst",
            category="7. Evaluation",
            labels={"figure": "Retrieval of near-duplicates over training seeds, {study}"},
        ),
        pdf="results/figures/{study}/retrieval-seeds.pdf",
    log:
        "results/logs/plot_retrieval_seeds/{study}.log",
    benchmark:
        "results/benchmarks/plot_retrieval_seeds/{study}.tsv"
    threads: cpus("plot_retrieval_seeds")
    resources:
        **asked("plot_retrieval_seeds"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/evaluation/plot_retrieval_seeds.py"


rule plot_retrieval:
    input:
        table=of_study("retrieval.csv"),
        style=style_file(),
        code=code("evaluation/plot_retrieval.py"),
    output:
        png=report(
            "results/figures/{study}/retrieval.png",
            caption="../report/retrieval.rst",
            category="7. Evaluation",
            labels={"figure": "Retrieval of near-duplicates, {study}"},
        ),
        pdf="results/figures/{study}/retrieval.pdf",
    log:
        "results/logs/plot_retrieval/{study}.log",
    benchmark:
        "results/benchmarks/plot_retrieval/{study}.tsv"
    threads: cpus("plot_retrieval")
    resources:
        **asked("plot_retrieval"),
    params:
        dpi=config["figures"]["dpi"],
    script:
        "../scripts/evaluation/plot_retrieval.py"
