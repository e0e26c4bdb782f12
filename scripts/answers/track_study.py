"""wandb/: an offline run of Weights & Biases of a study."""

from attribution.runtime import job

job.begin()

from pathlib import Path

from attribution.answers import summary, tracking

LOGS, BENCHMARKS = "results/logs", "results/benchmarks"


def track_study(history: str | list, study: str, of: str, facts: dict, project: str, path: str) -> None:
    """Write the run, see `tracking.write`.

    Args:
        history: history.csv of the study's own training, an empty list where there is none. study, of: its name, and
            that of the target after a dash.
        facts: `dataset`, `model`, `seed`, `recipe`, `models`, `description`. project: of the run.
    """
    events = summary.events(summary.lines_of(LOGS), study, facts["dataset"], facts["models"])
    name = f"{study}{of}-seed{facts['seed']}"
    config = {"study": study} | {key: facts[key] for key in ("dataset", "model", "seed", "recipe")}
    tracking.write(Path(path), name, project, config, tracking.rows(history, events, BENCHMARKS))


job.run(track_study)
