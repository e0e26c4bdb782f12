# Functioning groups: data, training, gradient and Hessian caches, influence, groups, figures, report.

from snakemake.utils import min_version

min_version("9.0")


configfile: workflow.source_path("config/config.yaml")


include: "rules/common.smk"


check_settings()
share_gpus()


# only where Snakemake itself submits, not in the jobs it has submitted
onstart:
    if workflow.is_main_process:
        refuse_duplicates()


wildcard_constraints:
    dataset="|".join(config["datasets"]),
    model="|".join(config["models"]),
    study="|".join(config["studies"]),
    seed=r"\d+",
    scope="(/all_layers)?",
    variant="(-[a-z-]+)?",
    repetition=r"\d+",
    alpha=r"0\.\d+",
    shard=r"\d+|held-out",
    subsets=r"\d+",
    extent="small|full",


report: "report/workflow.rst"


include: "rules/data.smk"
include: "rules/training.smk"
include: "rules/influence.smk"
include: "rules/groups.smk"
include: "rules/retraining.smk"
include: "rules/datamodels.smk"
include: "rules/evaluation.smk"
include: "rules/figures.smk"
include: "rules/images.smk"


localrules:
    toy,
    toy_seeds,
    toy_datamodels,
    cifar10_cnn,
    near_duplicates,
    near_duplicates_seeds,


# The study of the report's section 4.1, in both scopes
rule toy:
    default_target: True
    input:
        study_figures("toy"),
        study_results("toy"),


# The same over training seeds and recipes
rule toy_seeds:
    input:
        "results/toy/seeds.csv",
        "results/figures/toy/rules-and-recipes.png",


# Datamodels from as many subsets as the settings' `full`
rule toy_datamodels:
    input:
        run_path("toy", "datamodels-full.csv"),
        "results/figures/toy/10-datamodels-full.png",
        "results/figures/toy/datamodel-scores-full.png",


# CIFAR-10 with `cnn`; needs --configfile config/cifar10.yaml
rule cifar10_cnn:
    input:
        study_target("cifar10-cnn", IMAGE_FIGURES),


# Test images beside their near-duplicates: which method finds the partner; needs --configfile config/cifar10.yaml
rule near_duplicates:
    input:
        study_target("near-duplicates", DUPLICATE_FIGURES),


# The same over the study's training seeds
rule near_duplicates_seeds:
    input:
        study_table("near-duplicates", "retrieval-seeds.csv"),
