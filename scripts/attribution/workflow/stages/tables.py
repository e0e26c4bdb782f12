"""Tables that stand in the report, as CSV files to take and, the first rows, on the summary of a study.

A caption is report/STAGE/CAPTION.csv.rst; one that several tables share tells them apart by `snakemake.output`.
"""

from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

from attribution.files import scopes
from attribution.workflow.figures import (
    ANSWERS,
    BOUNDARY,
    EVALUATION,
    FUNCTIONING,
    POINTS,
    RETRAINING,
    TRUTH,
)


class Table(NamedTuple):
    """`stage` and `caption` of its page, `category` and `title` in the report."""

    stage: str
    caption: str
    category: str
    title: str


# by the name below the folder of the run or study; a star stands for wildcards
TABLE = MappingProxyType({
    "suspicious.csv": Table("answers", "suspicious", ANSWERS, "labels to look at first"),
    "explanations.csv": Table("answers", "explanations", ANSWERS, "why test points are predicted as they are"),
    "recall.csv": Table("answers", "recall", ANSWERS, "recall of each class"),
    "confusion.csv": Table("answers", "confusion", ANSWERS, "what each class is taken for"),
    "judges/labels.csv": Table("answers", "labels", ANSWERS, "known wrong labels found"),
    "labels-seeds.csv": Table("answers", "labels", ANSWERS, "known wrong labels found, over training seeds"),
    "group_boundary.csv": Table("boundary", "group_boundary", BOUNDARY, "boundary scores of groups"),
    "boundary_overlap.csv": Table("boundary", "boundary_overlap", BOUNDARY, "groups by weights boundary, compared"),
    "removals.csv": Table("retraining", "removals", RETRAINING, "predicted and true removals"),
    "near_duplicates.csv": Table("influence", "near_duplicates", POINTS, "points that are nearly the same"),
    "named_removal.csv": Table("retraining", "named_removal", RETRAINING, "removal of named points"),
    "datamodels-*.csv": Table("retraining", "datamodels", RETRAINING, "worth of datamodels"),
    "evaluation.csv": Table("evaluation", "evaluation", EVALUATION, "groups against what is known"),
    "overlap.csv": Table("evaluation", "overlap", EVALUATION, "groups against nearest neighbours"),
    "agreement.csv": Table("evaluation", "agreement", EVALUATION, "agreement of groups between trainings"),
    "retrieval.csv": Table("evaluation", "retrieval", EVALUATION, "near-duplicates found"),
    "retrieval-seeds.csv": Table("evaluation", "retrieval", EVALUATION, "near-duplicates found, over training seeds"),
    "inspection.csv": Table("evaluation", "inspection", EVALUATION, "flipped labels found"),
    "inspection-seeds.csv": Table("evaluation", "inspection", EVALUATION, "flipped labels found, over training seeds"),
    "seeds.csv": Table("groups", "seeds", EVALUATION, "rules and recipes over training seeds"),
    "stop-conditions.csv": Table("groups", "stop-conditions", EVALUATION, "where each group stops"),
    "stop-conditions-judged.csv": Table("groups", "stop-conditions", EVALUATION, "where groups should stop"),
    "improved_groups.csv": Table("partition", "improved_groups", FUNCTIONING, "groups improved by swaps"),
    "partition.csv": Table("partition", "partition", FUNCTIONING, "parts against known subgroups"),
    "partition-stability.csv": Table("partition", "partition", FUNCTIONING, "parts over training seeds and networks"),
    "removal-*.csv": Table("partition", "removal", FUNCTIONING, "what leaves with a part"),
    "border-*.csv": Table("border", "border", TRUTH, "where attribution holds"),
    "lds-*.csv": Table("truth", "truths", TRUTH, "linear datamodelling score"),
    "leave-one-out-*.csv": Table("truth", "truths", TRUTH, "leave-one-out"),
    "group-removals-*.csv": Table("truth", "truths", TRUTH, "groups left out"),
    "brittleness-*.csv": Table("truth", "truths", TRUTH, "brittleness"),
    "attribution-stability-*.csv": Table("truth", "truths", TRUTH, "stability over trainings"),
    "embeddings-*.csv": Table("truth", "truths", TRUTH, "test points placed as by datamodels"),
})  # fmt: skip
# by the folder that a table stands in
PLACES = MappingProxyType({
    "run": "{dataset}, {model}, seed {seed}", "scope": "{dataset}, {model}, seed {seed}{scope}", "study": "{study}",
})  # fmt: skip


def of(name: str) -> Table | None:
    """The entry of a table by its name below its folder, None for one that the report does not show."""
    return next((table for pattern, table in TABLE.items() if fnmatchcase(name, pattern)), None)


def reported(name: str, scope: str | None = None, title: str = "", more: str = "") -> dict:
    """Caption, category and labels of `report` for an output.

    Args:
        name: of TABLE. scope: of `files.scopes` where the rule's is not what the description says. title: with
            wildcards, where several entries are one rule's. more: wildcards that the title goes on with.
    """
    table = TABLE[name]
    place = PLACES[scope or scopes.scope_of(name.replace("*", "1"))]
    return {
        "caption": caption(table, "../report"),
        "category": table.category,
        "labels": {"figure": f"Table: {title or table.title}{more}", "study": place},
    }


def caption(table: Table, folder: str) -> str:
    """The page of a table's caption, below the folder of all of them."""
    return f"{folder}/{table.stage}/{table.caption}.csv.rst"
