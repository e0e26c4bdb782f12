"""partition.h5: one folder a method; partition-removals-*.h5: one folder a method, and below it one a control.

partition.h5, NAME: `labels` (n,) int64, `sizes` (parts,), `objectives` (restarts,), `normalised_influence` (parts,)
I(S, S) / |S| on the method's own vectors, `central` and `outlying` (parts, members) training indices, -1 where a part
is smaller, `linkage` (parts - 1, 4) of scipy, with a criterion, attribute `number_by`, `counts`, `criterion`, `error`
(q,), see `partition.number`, with atoms `atoms`
(count, components) and `weights` (n, count); and of a method that is no control `sized/CONTROL` (n,), labels of parts
of the same sizes by what the control knows. Attributes of NAME: `parts`, `objective`, `share`, `control`, `family`,
`seconds`, `peak_memory` in bytes beyond what the job held when the method began, which has vectors of controls and the
libraries that earlier methods loaded, and `kept` where components stand for the vectors. `chosen-by-retraining` has the
arrays of the partition that was chosen, `scores` (candidates,) own minus other of one training that no truth is of, and
attributes `chosen`, its name, `candidates`, and `seconds` and `peak_memory` of the choice alone.

partition-removals-*.h5, NAME and NAME/sized/CONTROL: `changes` (repetitions, parts, parts) mean change of the loss on
the points of part k when part j leaves, 0 of a partition of a single part, which cannot; `sizes` (parts,).
"""

FILES = {"partition.h5": "run", "partition-removals-*.h5": "run"}

LABELS, SIZES, SIZED, CHANGES = "labels", "sizes", "sized", "changes"
CHOSEN, CANDIDATES, SCORES = "chosen", "candidates", "scores"
CENTRAL, OUTLYING, LINKAGE = "central", "outlying", "linkage"
COUNTS, CRITERION, ERROR, NUMBER_BY = "counts", "criterion", "error", "number_by"
# the name of `methods.partition` that stands for the best of the others
BY_RETRAINING = "chosen-by-retraining"
# order of the methods
METHODS = "methods"
