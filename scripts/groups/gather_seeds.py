"""One table of the evaluations of all recipes and training seeds, with the test accuracies."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.files import atomic


def gather_seeds(runs: list[dict], path: str) -> None:
    """Write a CSV with columns model, seed, method, metric, value, low, high, seconds.

    Args:
        runs: each `model`, `seed`, and the paths `evaluation` and `history`.
    """
    tables = []
    for run in runs:
        table = pd.read_csv(run["evaluation"])
        accuracy = pd.read_csv(run["history"])["test_accuracy"].iloc[-1]
        table = pd.concat(
            [table, pd.DataFrame([{"method": "model", "metric": "test_accuracy", "value": accuracy}])],
            ignore_index=True,
        )
        table.insert(0, "model", run["model"])
        table.insert(1, "seed", run["seed"])
        tables.append(table)
    with atomic.replacing(path) as temporary:
        pd.concat(tables, ignore_index=True).to_csv(temporary, index=False)


def runs_of(runs: list, evaluations: list[str], histories: list[str]) -> list[dict]:
    """Model, seed and files of each training."""
    return [
        {"model": model, "seed": seed, "evaluation": evaluation, "history": history}
        for (model, seed), evaluation, history in zip(runs, evaluations, histories, strict=True)
    ]


job.run(gather_seeds, runs=runs_of)
