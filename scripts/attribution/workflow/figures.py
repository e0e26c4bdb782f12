"""The table of figures: an entry for each, from which rules/figures.smk makes its rule. Scripts lie in their stage.

What an entry names is found when a job's wildcards are known: inputs and parameters are functions of the settings and
the wildcards, made by the functions of `figure_parts`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from snakemake.exceptions import WorkflowError

from attribution.workflow import attributions, inputs, studies
from attribution.workflow.figure_parts import (
    SHOWN_ESTIMATORS,
    always,
    candidates,
    data_for_classes,
    each,
    most_subsets,
    move_of_layers,
    of_recipe,
    of_study,
    points_of_layers,
    pool_titles,
    result,
    selection_rule,
    setting,
    several,
    shown_datamodels,
    subgroups,
    table,
    words_of_layers,
)

# variants of Algorithm 1 that figure 9 puts side by side
RULES = ["influence", "theta-relative", "l-relative", "adaptive"]
# scopes whose boundary scores figure boundary-solved puts side by side
SOLVED_SCOPES = ["last_layer", "all_layers"]
NONE = MappingProxyType({})


class Figure(NamedTuple):
    """`stage` of the script and `file`, the figure's name below results/figures/{study}, which may have wildcards;
    `category` and `title` in the report; `inputs` and `params`, functions of (config, wildcards) by name; `job`, what
    the name of a log has for the wildcards; `caption`, the page in report/STAGE/ where it is not called as the file;
    `constraints` of wildcards that no other rule has; `of`, the kinds of data that it shows (see
    `studies.kinds_of_data`), one of which is enough, any data where it is empty."""

    stage: str
    file: str
    category: str
    title: str
    inputs: Mapping
    params: Mapping = NONE
    job: str = "{study}"
    caption: str = ""
    constraints: Mapping = NONE
    of: tuple[str, ...] = ()


DATA = inputs.named_of_study
PLANE = result("decision_boundary.h5")
FACTORS = result("gradients.h5", scope="last_layer")

DATA_SETS, MODEL = "1. Data", "2. Model"
POINTS, GROUPS, FUNCTIONING = "3. Influence of points", "4. Influence of groups", "5. Functioning groups"
BOUNDARY, RETRAINING, EVALUATION = "6. Weights boundary", "6. Retraining and datamodels", "7. Evaluation"
TRUTH, ANSWERS = "7. Attribution against retraining", "8. Answers"

EXTENT = MappingProxyType({"extent": "small|full"})
REMOVED = MappingProxyType({"truth": "fixed|averaged|last-layer"})
ATTRIBUTED = MappingProxyType({"method": attributions.NAMES})
DISCS, IN_PLANE, OF_IMAGES = ("discs",), ("plane",), ("images",)

# By the name of rule and script; numbered as in the report where it has the figure too.
TABLE = {
    "plot_dataset": Figure("data", "04-dataset", DATA_SETS, "Figure 4: the data set", {"data": DATA}, of=IN_PLANE),
    "plot_self_influence": Figure(
        "influence", "05-self-influence", POINTS, "Figure 5: self-influence",
        {"data": DATA, "influence": result("influence.h5"), "boundary": PLANE},
        {"top": setting("evaluation.top")}, of=IN_PLANE,
    ),
    "plot_relative_influence": Figure(
        "groups", "06-relative-influence", POINTS, "Figure 6: influence on the target's centre",
        {
            "data": DATA,
            "influences": each("compared", "influence.h5"),
            "boundaries": each("compared", "decision_boundary.h5"),
        },
        {
            "models": of_study("compared"),
            "target": of_study("target"),
            "subgroups": subgroups,
            "top": setting("evaluation.top"),
        },
        of=DISCS,
    ),
    "plot_group_growth": Figure(
        "groups", "07-group-growth", GROUPS, "Figure 7: growth with size",
        {"growth": result("growth.h5")}, {"titles": pool_titles}, of=DISCS,
    ),
    "plot_greedy_stages": Figure(
        "groups", "08-greedy-stages", FUNCTIONING, "Figure 8: Algorithm 1 at several stages",
        {"data": DATA, "groups": result("groups.h5"), "boundary": PLANE},
        {"target": of_study("target"), "subgroups": subgroups}, of=DISCS,
    ),
    "plot_turning_point": Figure(
        "groups", "09-turning-point", FUNCTIONING, "Figure 9: the turning point",
        {
            "data": DATA,
            "growth": result("growth.h5"),
            "groups": several(*(result(f"groups-{rule}.h5") for rule in RULES)),
        },
        {"rules": always(RULES), "target": of_study("target"), "other": of_study("other"), "subgroups": subgroups},
        of=DISCS,
    ),
    "plot_datamodel_components": Figure(
        "retraining", "10-datamodels-{extent}", RETRAINING, "Figure 10: components of datamodels, {extent}",
        {"data": DATA, "weights": shown_datamodels},
        {
            "estimators": always(SHOWN_ESTIMATORS),
            "alpha": setting("datamodels.shown_alpha"),
            "subsets": most_subsets,
            "extremes": setting("datamodels.extremes"),
        },
        job="{study}-{extent}", caption="10-datamodels",
    ),
    "plot_datamodel_scores": Figure(
        "retraining", "datamodel-scores-{extent}", RETRAINING, "Worth of datamodels, {extent}",
        {"table": result("datamodels-{extent}.csv")}, job="{study}-{extent}", caption="datamodel-scores",
    ),
    "plot_leave_one_out": Figure(
        "retraining", "leave-one-out", RETRAINING, "Leave-one-out against influence",
        {"removals": each("retrained", "removals.h5"), "tables": each("retrained", "removals.csv")},
        {"models": of_study("retrained"), "l2": setting("retraining.shown_l2")},
    ),
    "plot_leave_groups_out": Figure(
        "retraining", "leave-groups-out", RETRAINING, "Groups left out against their influence",
        {"removals": each("retrained", "removals.h5")},
        {"models": of_study("retrained"), "l2": setting("retraining.shown_l2")},
    ),
    "plot_decision_boundary": Figure(
        "training", "decision-boundary", MODEL, "Decision boundary and self-influence",
        {"data": DATA, "boundary": PLANE, "hessian": result("hessian.h5", scope="last_layer")}, of=IN_PLANE,
    ),
    "plot_stop_conditions": Figure(
        "groups", "stop-conditions", EVALUATION, "Where groups should stop",
        {"table": table("stop-conditions-judged.csv")},
    ),
    "plot_recipes": Figure(
        "groups", "rules-and-recipes", EVALUATION, "Rules and recipes over training seeds",
        {"table": table("seeds.csv")}, {"target": of_study("target"), "models": of_study("recipes")},
        of=DISCS,
    ),
    # of images
    "plot_training_curves": Figure(
        "training", "training-curves", MODEL, "Training curves",
        {"history": result("history.csv")}, {"model": of_study("model")},
    ),
    "plot_extreme_images": Figure(
        "influence", "extreme-images", POINTS, "Most and least self-influential images",
        {"data": DATA, "gradients": FACTORS, "influence": result("influence.h5")}, of=OF_IMAGES,
    ),
    "plot_image_groups": Figure(
        "groups", "11-groups{variant}", FUNCTIONING, "Figures 11, 16, 17: groups of images{variant}",
        {"data": DATA, "groups": result("groups{variant}.h5"), "influence": result("influence.h5")},
        job="{study}{variant}", caption="11-groups", of=OF_IMAGES,
    ),
    "plot_overlap": Figure(
        "evaluation", "overlap", EVALUATION, "Groups against nearest neighbours",
        {"overlap": result("overlap.csv")}, {"size": setting("overlap.size")},
    ),
    "plot_agreement": Figure(
        "evaluation", "agreement", EVALUATION, "Agreement of groups between trainings",
        {"table": table("agreement.csv")},
    ),
    "plot_near_duplicates": Figure(
        "evaluation", "12-near-duplicates", EVALUATION, "Figure 12: near-duplicates",
        {"data": DATA, "gradients": FACTORS, "retrieval": result("retrieval.h5")}, {"rule": selection_rule},
        of=OF_IMAGES,
    ),
    "plot_retrieval_seeds": Figure(
        "evaluation", "retrieval-seeds", EVALUATION, "Retrieval of near-duplicates over training seeds",
        {"table": table("retrieval-seeds.csv")},
    ),
    "plot_retrieval": Figure(
        "evaluation", "retrieval", EVALUATION, "Retrieval of near-duplicates",
        {"table": result("retrieval.csv")},
    ),
    "plot_inspection": Figure(
        "evaluation", "inspection", EVALUATION, "Flipped labels found",
        {"inspection": result("inspection.h5"), "table": result("inspection.csv")},
        {"level": setting("inspection.level")},
    ),
    # of attribution judged by retraining
    "plot_parts": Figure(
        "partition", "parts{recipe}", FUNCTIONING, "The training set divided{recipe}",
        {"data": DATA, "partition": of_recipe("partition.h5"), "removals": of_recipe("partition-removals-fixed.h5")},
        job="{study}{recipe}", caption="parts", constraints={"recipe": "(-[a-z0-9-]+)?"}, of=IN_PLANE,
    ),
    "plot_number_of_parts": Figure(
        "partition", "number-of-parts{recipe}", FUNCTIONING, "How many parts{recipe}",
        {"partition": of_recipe("partition.h5")},
        job="{study}{recipe}", caption="number-of-parts", constraints={"recipe": "(-[a-z0-9-]+)?"},
    ),
    "plot_part_removals": Figure(
        "partition", "part-removals-{truth}", FUNCTIONING, "What leaves with a part, {truth} truth",
        {"removals": result("partition-removals-{truth}.h5")},
        job="{study}-{truth}", caption="part-removals", constraints=REMOVED,
    ),
    "plot_part_sheets": Figure(
        "partition", "part-sheets-{method}", FUNCTIONING, "A sheet a part by {method}",
        {"data": DATA, "partition": result("partition.h5")},
        job="{study}-{method}", caption="part-sheets", constraints={"method": "[a-z0-9-]+"}, of=IN_PLANE + OF_IMAGES,
    ),
    "plot_lds_against_seconds": Figure(
        "truth", "lds-against-seconds-{extent}", TRUTH, "Attribution against its cost, {extent}",
        {"table": table("lds-{extent}.csv")},
        {"known": attributions.known, "alpha": setting("truth.shown.alpha")},
        job="{study}-{extent}", caption="lds-against-seconds", constraints=EXTENT,
    ),
    "plot_lds_against_alpha": Figure(
        "truth", "lds-against-alpha-{extent}", TRUTH, "Attribution against subset size, {extent}",
        {"table": table("lds-{extent}.csv")}, {"known": attributions.known},
        job="{study}-{extent}", caption="lds-against-alpha", constraints=EXTENT,
    ),
    "plot_border": Figure(
        "border", "border-{extent}", TRUTH, "Where attribution holds, {extent}",
        {"table": table("border-{extent}.csv")},
        job="{study}-{extent}", caption="border", constraints=EXTENT,
    ),
    "plot_attributed_points": Figure(
        "truth", "attributed-points-{method}", TRUTH, "What test points owe to, {method}",
        {"data": DATA, "attributions": result("attributions/{method}.h5")},
        {"targets": setting("truth.shown.targets"), "extremes": setting("truth.shown.extremes")},
        job="{study}-{method}", caption="attributed-points", constraints=ATTRIBUTED,
        of=IN_PLANE + OF_IMAGES,
    ),
    "plot_attribution_components": Figure(
        "truth", "attribution-components-{method}", TRUTH, "Components of attribution, {method}",
        {
            "data": DATA,
            "retrained": result("attributions/datamodel-ridge.h5"),
            "attributions": result("attributions/{method}.h5"),
            "table": result("judges/embeddings-{method}.csv"),
        },
        {"extremes": setting("truth.shown.extremes")},
        job="{study}-{method}", caption="attribution-components", constraints=ATTRIBUTED,
        of=IN_PLANE + OF_IMAGES,
    ),
    "plot_embeddings_against_subsets": Figure(
        "truth", "embeddings-against-subsets-{extent}", TRUTH,
        "Figure 10: every approximation against datamodels, {extent}",
        {"table": table("embeddings-{extent}.csv")}, {"known": attributions.known},
        job="{study}-{extent}", caption="embeddings-against-subsets", constraints=EXTENT,
    ),
    # what a user reads
    "plot_suspicious": Figure(
        "answers", "suspicious", ANSWERS, "Labels to look at",
        {"data": data_for_classes, "table": result("suspicious.csv")},
        {"classes": setting("answers.suspicious.classes"), "shown": setting("answers.suspicious.shown")},
    ),
    "plot_near_duplicate_pairs": Figure(
        "influence", "near-duplicate-pairs", POINTS, "Points that are nearly the same, {study}",
        {"data": DATA, "table": result("near_duplicates.csv", scope="last_layer")},
        {"shown": setting("answers.near_duplicates.shown")},
    ),
    "plot_named_removal": Figure(
        "retraining", "named-removal", RETRAINING, "Removal of named points, {study}",
        {"table": result("named_removal_draws.csv", scope="last_layer")},
    ),
    "plot_explanations": Figure(
        "answers", "explanations", ANSWERS, "Test points and what helped and harmed them",
        {"data": DATA, "table": result("explanations.csv")}, {"shown": setting("answers.explanations.shown")},
    ),
    "plot_confusion": Figure(
        "answers", "confusion", ANSWERS, "What each class is taken for",
        {"confusion": result("confusion.csv"), "recall": result("recall.csv")},
    ),
    # of the weights boundary
    "plot_boundary_points": Figure(
        "boundary", "boundary-points{layers}", BOUNDARY, "Boundary score of points{layers}",
        {
            "data": DATA,
            "gradients": FACTORS,
            "influence": result("influence.h5", scope="last_layer"),
            "boundary": points_of_layers,
        },
        {"scope": words_of_layers},
        job="{study}{layers}", caption="boundary-points", constraints={"layers": "(-all-layers)?"},
    ),
    "plot_boundary_solved": Figure(
        "boundary", "boundary-solved", BOUNDARY, "Points whose boundary was found",
        {"data": DATA, "boundaries": several(*(result("boundary.h5", scope=scope) for scope in SOLVED_SCOPES))},
        {"scopes": always([scope.replace("_", " ") for scope in SOLVED_SCOPES])},
    ),
    "plot_boundary_move": Figure(
        "boundary", "13-boundary{layers}", BOUNDARY, "Figure 13: a move to the boundary{layers}",
        {"data": DATA, "move": move_of_layers}, {"scope": words_of_layers},
        job="{study}{layers}", caption="13-boundary", constraints={"layers": "(-all-layers)?"}, of=IN_PLANE,
    ),
    "plot_group_boundary": Figure(
        "boundary", "15-group-boundary", BOUNDARY, "Figure 15: random groups against clusters",
        {"table": result("group_boundary.csv", scope="last_layer")}, {"shown": setting("boundary.groups.shown")},
    ),
    "plot_boundary_forms": Figure(
        "boundary", "boundary-forms", BOUNDARY, "Forms of the group boundary against the exact one",
        {"table": result("group_boundary.csv", scope="last_layer")},
    ),
    "plot_boundary_groups": Figure(
        "boundary", "14-boundary-groups-{form}", BOUNDARY, "Figure 14: groups by weights boundary, {form}",
        {"data": DATA, "groups": result("boundary-groups-{form}.h5", scope="last_layer")}, {"candidates": candidates},
        job="{study}-{form}", caption="14-boundary-groups", of=OF_IMAGES,
    ),
    "plot_boundary_overlap": Figure(
        "boundary", "boundary-overlap", BOUNDARY, "Groups by boundary, influence and embedding",
        {"table": result("boundary_overlap.csv", scope="last_layer")},
        {"size": setting("boundary.greedy.size"), "forms": setting("boundary.greedy.forms")},
    ),
}  # fmt: skip


def offered(config: dict, study: str) -> list[str]:
    """Names of the figures that mean something for a study's data, without variants and further wildcards."""
    kinds = studies.kinds_of_data(config["datasets"][config["studies"][study]["dataset"]])
    fits = [figure for figure in TABLE.values() if not figure.of or kinds & set(figure.of)]
    names = [figure.file.replace("{variant}", "").replace("{recipe}", "") for figure in fits]
    return [name for name in names if "{" not in name]


def require_data(figure: Figure, config: dict, wildcards) -> None:
    """Stop with one sentence where the study's data is nothing that the figure shows."""
    study = wildcards.study
    studies.required(config, study)
    name = config["studies"][study]["dataset"]
    kinds = studies.kinds_of_data(config["datasets"][name])
    if figure.of and kinds and not kinds & set(figure.of):
        wanted = " or ".join(studies.KINDS[kind] for kind in figure.of)
        raise WorkflowError(
            f"figure {figure.file.format(**dict(wildcards.items()))} shows {wanted}, and data set '{name}' holds "
            f"{', '.join(studies.KINDS[kind] for kind in sorted(kinds))}; figures of study '{study}' are "
            f"{', '.join(offered(config, study))}"
        )


def inputs_of(figure: Figure, config: dict) -> dict:
    """Inputs of a figure's rule, as Snakemake takes them: functions of the wildcards, by name."""

    def checked(function):
        def of(wildcards):
            require_data(figure, config, wildcards)
            return function(config, wildcards)

        return of

    return {name: checked(function) for name, function in figure.inputs.items()}


def params_of(figure: Figure, config: dict) -> dict:
    """The same of its parameters; every figure has a resolution."""
    params = figure.params | {"dpi": setting("figures.dpi")}
    return {name: _bound(function, config) for name, function in params.items()}


def _bound(function, config: dict):
    return lambda wildcards: function(config, wildcards)
