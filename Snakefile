# Functioning groups: data, training, gradient and Hessian caches, influence, groups, figures, report.

from snakemake.utils import min_version

min_version("9.0")


# a file of one's own, with --configfile, needs only what differs
configfile: workflow.source_path("config/config.yaml")
configfile: workflow.source_path("config/datasets.yaml")
configfile: workflow.source_path("config/models.yaml")
configfile: workflow.source_path("config/studies.yaml")


include: "rules/common.smk"


# only where Snakemake itself submits, not in the jobs it has submitted
onstart:
    if workflow.is_main_process:
        start.refuse_duplicates()


wildcard_constraints:
    dataset=names.one_of(config["datasets"]),
    model=names.one_of(config["models"]),
    study=names.one_of(config["studies"]),
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


include: "rules/data.smk"
include: "rules/training.smk"
include: "rules/influence.smk"
include: "rules/groups.smk"
include: "rules/scores.smk"
include: "rules/boundary.smk"
include: "rules/retraining.smk"
include: "rules/truth.smk"
include: "rules/border.smk"
include: "rules/partition.smk"
include: "rules/evaluation.smk"
include: "rules/answers.smk"
include: "rules/figures.smk"
include: "rules/targets.smk"


# last: of all rules; an included file cannot name the default target
contents.enter(workflow, config)
workflow.default_target = targets.default(config)
