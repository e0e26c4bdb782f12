# Functioning groups: data, training, gradient and Hessian caches, influence, groups, figures, report.

from snakemake.utils import min_version

min_version("9.0")


# reads the settings: config/, and over it those of --configfile and --config, or of another Snakefile that uses this one
include: "rules/common.smk"


# where Snakemake was started with this file; only where it itself submits, not in the jobs it has submitted
if start.is_main(workflow, BASE):

    told.watch(BASE / "scripts", missing.of(workflow))

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
contents.enter(workflow, config, BASE)
if NO_TARGET_BEFORE:
    workflow.default_target = workflow.modifier.modify_rulename(targets.default(config, GIVEN, KNOWN))
