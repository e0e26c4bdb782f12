"""What a user reads of a run, and the pairs that explanations are taken from.

Rows are those of the user's own arrays, see `data.own_rows`, ids those of data.h5 or empty, labels names of classes.

suspicious.csv: a row a training point, the first method's most suspicious first: `row`, `id`, `label`, `suggested`, and
of each method M `score_M`, larger = more suspicious, and `rank_M` from 1, both empty where M does not score the point.
explanations.csv: a row a training point that explains a test point: `target_row`, `target_id`, `target_label`,
`prediction`, `margin` of the label, `method`, `direction` (helpful or harmful), `rank` from 1, `row`, `id`, `label`,
`attribution`. explanations/METHOD.h5: `targets` (t,) test indices and `pairs` (t, n), positive = helpful, with the
attribute `signed` 0 where pairs are similarities.
export/TABLE.csv or .parquet: tables of `attribution.results` as they are, points, groups, parts, suspicious labels and
explanations.
folds.h5: logits of each training point, (n, C), by a network that was trained without its `fold` (n,).
explore.html: a page of all of these and of the run's groups and parts, which needs no other file.
summary.html, summary-TARGET.html: what a study is, how well its network does, and what a target built of it.
wandb/, wandb-TARGET/: an offline run of Weights & Biases of the same, see `answers.tracking`.
near_duplicates.csv: a row a pair that is nearly the same: `score` (embedding-cosine, l-relative, and where the network
has a convolution convolution-cosine), `of` (train or test, the part of the first point), `rank` from 1, `value`, `row`,
`id`, `label`, those of the other, a training point, as `other_row` and so on, `same_label`. named_removal.csv and
named_removal_draws.csv: see `retraining.named`.
confusion.csv: `label`, `prediction`, `count` of test points. recall.csv: `class`, numbers of training and test points,
`recall` with an interval, `precision`; last the accuracy and the balanced accuracy.
"""

FILES = {
    "suspicious.csv": "run", "explanations.csv": "run", "explanations/*.h5": "run",
    "confusion.csv": "run", "recall.csv": "run", "explore.html": "run",
    "export/*.csv": "run", "export/*.parquet": "run", "folds.h5": "run", "summary*.html": "study", "wandb*": "study",
}  # fmt: skip

FOLD = "fold"
# attribute of explanations/METHOD.h5
SIGNED = "signed"
HELPFUL, HARMFUL = "helpful", "harmful"
