"""retrieval.csv: does each injected image find its partner, by influence, by its groups, and by plain distances?"""

from attribution.runtime import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

import time

import numpy as np
import pandas as pd

from attribution.evaluation import recovery, retrieval
from attribution.files import atomic, hdf5, names, provenance
from attribution.groups import greedy
from attribution.influence import inverse_files
from attribution.influence import points as influence
from attribution.influence.points import Solve
from attribution.numerics import similarity

DIRECTIONS = ("max", "min")


def measure_retrieval(files: dict, solve: Solve, settings: dict, path: str, table: str, attributes: dict) -> None:
    """Write retrieval.h5 and retrieval.csv.

    retrieval.h5: `queries`, `partners` (q,) training indices; `ranks/METHOD` (q,) float64, infinite where a group
    ended before the partner; `groups/RULE-DIRECTION` and `nearest` (q, s + 1) training indices, the query first, s the
    largest cutoff; `influence/...` (q, s + 1) float64, influence of each of those on the query, not divided by n.

    retrieval.csv: method, metric (recall@k, mrr), value, low, high, baseline, seconds. Where `baseline` names a
    method, the value is the difference to it, paired by query. `seconds` is the time of all queries.

    Args:
        files: paths of `data`, `gradients`, `influence`. solve: the damped inverse Hessian.
        settings: section `retrieval`, and `tie_seed`.

    Raises:
        ValueError: when no image was injected, or too few for an interval.
    """
    try:
        (pairs,) = hdf5.read(files["data"], names.INJECTED_PAIRS)
    except KeyError:
        raise ValueError(
            f"{files['data']} has no injected pairs; set `inject` of that data set to a CSV of near-duplicates"
        ) from None
    if len(pairs) < 2:
        raise ValueError(f"{files['data']} has {len(pairs)} injected pairs; intervals need at least 2")
    queries, partners = pairs.T
    features, residuals = hdf5.read(files["gradients"], names.FEATURES_TRAIN, names.RESIDUALS_TRAIN)
    x, y = hdf5.read(files["data"], names.X_TRAIN, names.Y_TRAIN)
    own, step_norm = hdf5.read(files["influence"], names.SELF_INFLUENCE, names.STEP_NORM)
    keys, embedding = greedy.tie_keys(x, y, settings["tie_seed"]), features[:, :-1]
    size = max(settings["cutoffs"]) + 1
    ranks, seconds, lists = {}, {}, {}

    def timed(method, compute):
        start = time.perf_counter()
        result = compute()
        seconds[method] = time.perf_counter() - start
        print(f"{method}: {seconds[method]:.1f} s", flush=True)
        return result

    scores = {
        f"{rule}-{direction}": retrieval.influence_score(features, residuals, solve, own, step_norm, rule, direction)
        for rule in greedy.RULES
        for direction in DIRECTIONS
    } | {
        "embedding-euclidean": retrieval.distance_score(embedding),
        "embedding-cosine": similarity.cosine_score(embedding),
        "embedding-cosine-same-class": same_class_first(similarity.cosine_score(embedding), y),
        "gradient-cosine": retrieval.gradient_cosine_score(features, residuals),
        "pixel-euclidean": retrieval.distance_score(x),
    }
    for method, score in log.progress(scores.items(), "retrieval by single points"):
        ranks[method] = timed(method, lambda score=score: retrieval.ranks(score, queries, partners).astype(np.float64))
    seeds = [[int(query)] for query in queries]
    for rule in log.progress(greedy.RULES, "retrieval by groups"):
        for direction in DIRECTIONS:
            found = timed(
                f"group-{rule}-{direction}",
                lambda rule=rule, direction=direction: greedy.grow(
                    features, residuals, solve, own, step_norm, seeds, size, rule, direction, keys
                ),
            )
            members = [group.members for group in found]
            lists[f"groups/{rule}-{direction}"] = np.array(members)
            ranks[f"group-{rule}-{direction}"] = retrieval.group_ranks(members, queries, partners)
    lists["nearest"] = np.array([recovery.nearest(embedding, query, size, "euclidean", keys) for query in queries])

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


def same_class_first(score: retrieval.Score, y: np.ndarray) -> retrieval.Score:
    """A cosine score that puts points of the query's class before all others: the labels that influence sees too."""
    return lambda queries: score(queries) + 2 * (y[queries][:, None] == y)


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


if "snakemake" in globals():
    files = dict(snakemake.input.items())
    measure_retrieval(
        files,
        inverse_files.open_inverse(files, snakemake.params.cg),
        snakemake.params.retrieval,
        snakemake.output.retrieval,
        snakemake.output.table,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
