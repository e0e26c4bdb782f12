"""retrieval.csv: does each injected image find its partner, by influence, by its groups, and by plain distances?"""

from attribution.runtime import job, log

job.begin()

import numpy as np
import pandas as pd

from attribution.evaluation import retrieval
from attribution.files import atomic, hdf5, provenance
from attribution.files.results.gradients import FEATURES_TRAIN, RESIDUALS_TRAIN
from attribution.influence import inverse_files
from attribution.influence import points as influence
from attribution.influence.points import Solve
from attribution.methods import scores, targets


def measure_retrieval(
    files: dict, solve: Solve, pairs: dict, groups: dict, settings: dict, path: str, table: str, attributes: dict
) -> None:
    """Write retrieval.h5 and retrieval.csv.

    retrieval.h5: `queries`, `partners` (q,) training indices; `ranks/METHOD` (q,) float64, infinite where a group
    ended before the partner; `groups/RULE-DIRECTION` and `nearest` (q, s + 1) training indices, the query first, s the
    largest cutoff; `influence/...` (q, s + 1) float64, influence of each of those on the query, not divided by n.

    retrieval.csv: method, metric (recall@k, mrr), value, low, high, baseline, seconds. Where `baseline` names a
    method, the value is the difference to it, paired by query. `seconds` is the time of all queries. A method whose
    groups grow to both ends is two, METHOD-max and METHOD-min; groups are group-METHOD-DIRECTION.

    Args:
        files: paths of `data`, `gradients` and, of neighbours in the embedding, `nearest`. solve: the damped inverse
            Hessian. pairs: method -> scores/METHOD.h5. groups: method -> scores/retrieval/METHOD.h5.
        settings: section `retrieval`.

    Raises:
        ValueError: when no image was injected, or too few for an interval, or a method gives no pairs or groups.
    """
    found = targets.required_pairs(files["data"])
    if len(found) < 2:
        raise ValueError(f"{files['data']} has {len(found)} injected pairs; intervals need at least 2")
    queries, partners = found.T
    features, residuals = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    ranks, seconds, lists = {}, {}, {}
    for method, file in log.progress(pairs.items(), "retrieval by single points"):
        score, directions, took = scores.pairs(file, "retrieval")
        signs = {f"{method}-{end}": end for end in directions} if len(directions) > 1 else {method: "max"}
        for name, end in signs.items():
            turned = score if end == "max" else lambda q, score=score: -score(q)
            ranks[name] = retrieval.ranks(turned, queries, partners, scores.BLOCK).astype(np.float64)
            seconds[name] = took
    for method, file in groups.items():
        for end in scores.directions(file):
            members, _, seconds[f"group-{method}-{end}"] = scores.groups(file, "retrieval_groups", end)
            lists[f"groups/{method}-{end}"] = np.array(members)
            ranks[f"group-{method}-{end}"] = retrieval.group_ranks(members, queries, partners)
    lists["nearest"] = np.array(scores.groups(files["nearest"], "retrieval")[0])

    arrays = {"queries": queries, "partners": partners} | lists
    arrays |= {f"ranks/{method}": found for method, found in ranks.items()}
    own_influence = influence_on_queries(features, residuals, solve, queries, lists)
    arrays |= {f"influence/{name}": values for name, values in own_influence.items()}
    draws = (tuple(settings["cutoffs"]), settings["resamples"], settings["level"], settings["seed"])
    rows = pd.concat(
        [
            retrieval.table(ranks, *draws).assign(baseline=""),
            retrieval.differences(ranks, settings["baseline"], *draws).assign(baseline=settings["baseline"]),
        ]
    )
    rows["seconds"] = rows.method.map(seconds)
    with atomic.replacing(table) as temporary:
        rows.to_csv(temporary, index=False)
    hdf5.write(path, arrays, attributes | {"scale": "I, not divided by n"})


def influence_on_queries(
    features: np.ndarray, residuals: np.ndarray, solve: Solve, queries: np.ndarray, lists: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """(q, s) influence on each query of the training points in its row of each (q, s) list."""
    result = {name: np.empty(members.shape) for name, members in lists.items()}
    for j, query in enumerate(queries):
        for name, members in lists.items():
            result[name][j] = influence.all_pairs(
                features[[query]], residuals[[query]], features[members[j]], residuals[members[j]], solve
            )[0]
    return result


job.run(
    measure_retrieval,
    solve=inverse_files.open_inverse,
    pairs=lambda methods, scores: dict(zip(methods, scores, strict=True)),
    groups=lambda grown, groups: dict(zip(grown, groups, strict=True)),
    settings="params.retrieval",
    path="output.retrieval",
    # which methods are compared stands in the file itself
    attributes=lambda rule, wildcards, params: provenance.attributes(
        rule, wildcards, {name: params[name] for name in ("retrieval", "cg")}
    ),
)
