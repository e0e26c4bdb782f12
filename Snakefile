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
    dataset=one_of_names(config["datasets"]),
    model=one_of_names(config["models"]),
    study=one_of_names(config["studies"]),
    seed=r"\d+",
    scope="(/all_layers)?",
    variant="(-[^/]+)?",
    repetition=r"\d+",
    alpha=r"0\.\d+",
    shard=r"\d+|held-out",
    subsets=r"\d+",
    extent="small|full",
    form="exact|mean|batch|universal|simple",


report: "report/workflow.rst"


include: "rules/methods.smk"
include: "rules/data.smk"
include: "rules/training.smk"
include: "rules/influence.smk"
include: "rules/groups.smk"
include: "rules/scores.smk"
include: "rules/boundary.smk"
include: "rules/boundary_groups.smk"
include: "rules/retraining.smk"
include: "rules/datamodels.smk"
include: "rules/evaluation.smk"
include: "rules/figures.smk"
include: "rules/images.smk"
include: "rules/inspection.smk"


enter_digests()


localrules:
    toy,
    toy_seeds,
    toy_datamodels,
    cifar10_cnn,
    cifar10_resnet,
    cifar10_small,
    agreement,
    near_duplicates,
    near_duplicates_seeds,
    toy_flipped,
    cifar10_flipped,
    toy_boundary,
    cifar10_boundary,
    cifar10_boundary_all_layers,
    cifar10_group_recovery,


# The study of the report's section 4.1, in both scopes
rule toy:
    default_target: True
    input:
        study_target("toy", FIGURES),
        study_results("toy"),


# The same over training seeds and recipes
rule toy_seeds:
    input:
        study_table("toy", "seeds.csv"),
        study_target("toy", ["rules-and-recipes"]),


# Datamodels from as many subsets as the settings' `full`
rule toy_datamodels:
    input:
        study_result("toy", "datamodels-full.csv"),
        study_target("toy", ["10-datamodels-full", "datamodel-scores-full"]),


# CIFAR-10 with `cnn`; needs --configfile config/cifar10.yaml. No figure draws topk.h5: it stands for the matrix of
# all pairs, which would be 20 GB
rule cifar10_cnn:
    input:
        study_target("cifar10-cnn", IMAGE_FIGURES),
        study_result("cifar10-cnn", "topk.h5"),


# CIFAR-10 with the report's residual network; needs --configfile config/cifar10.yaml
rule cifar10_resnet:
    input:
        study_target("cifar10-resnet", IMAGE_FIGURES),


# Three networks on a subset of CIFAR-10; needs --configfile config/cifar10.yaml
rule cifar10_small:
    input:
        study_target("small-cnn", [*IMAGE_FIGURES, "agreement"]),
        study_target("small-vgg19", IMAGE_FIGURES),
        study_target("small-resnet18", IMAGE_FIGURES),


# Groups of the same seed points over training seeds and models; needs --configfile config/cifar10.yaml
rule agreement:
    input:
        study_target("near-duplicates", ["agreement"]),
        study_target("cifar10-resnet", ["agreement"]),


# Test images beside their near-duplicates: which method finds the partner; needs --configfile config/cifar10.yaml
rule near_duplicates:
    input:
        study_target("near-duplicates", DUPLICATE_FIGURES),


# The same over the study's training seeds
rule near_duplicates_seeds:
    input:
        study_target("near-duplicates", ["retrieval-seeds"], "seeds"),


# A tenth of the toy set's labels flipped: which score finds them
rule toy_flipped:
    input:
        study_target("toy-flipped", [*FLIPPED_FIGURES, "13-boundary"]),
        study_table("toy-flipped", "inspection-seeds.csv"),


# The same of CIFAR-10 with `cnn`; needs --configfile config/cifar10.yaml
rule cifar10_flipped:
    input:
        study_target("cifar10-flipped", FLIPPED_FIGURES),
        study_table("cifar10-flipped", "inspection-seeds.csv"),


# How far the weights must move to change predictions, of groups
rule toy_boundary:
    input:
        study_target("toy", [*BOUNDARY_FIGURES, *POINT_FIGURES, "13-boundary"]),


# The same of CIFAR-10 with `cnn`; needs --configfile config/cifar10.yaml
rule cifar10_boundary:
    input:
        study_target("cifar10-cnn", [*BOUNDARY_IMAGE_FIGURES, *POINT_FIGURES]),
        study_result("cifar10-cnn", "evaluation.csv"),


# Groups by boundary scores in all layers, hours of work: for a cluster; needs --configfile config/cifar10.yaml
rule cifar10_boundary_all_layers:
    input:
        study_result("cifar10-cnn", "group_boundary.csv", "all_layers"),
        study_result("cifar10-cnn", "boundary-groups-simple.h5", "all_layers"),


# Which groups find near-duplicates and hidden classes; needs --configfile config/cifar10.yaml
rule cifar10_group_recovery:
    input:
        [study_target(study, ["boundary-overlap"]) for study in ("near-duplicates", "cifar10-vehicles")],
        [study_result(study, "evaluation.csv") for study in ("near-duplicates", "cifar10-vehicles")],
