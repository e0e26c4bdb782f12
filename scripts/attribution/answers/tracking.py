"""A study as an offline run of Weights & Biases: its training curve, its jobs and their benchmarks.

Whatever is written is read from files, so it is the same for jobs that ran here and for those of a cluster. Package
wandb is needed by `write` alone; nothing is sent: `wandb sync` does that, when the user calls it.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

# what the package reads from the environment: no host is asked for anything, and nothing is told beside what is logged
QUIET = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true"}
# where it would keep files of its own
FOLDERS = ("WANDB_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")
# of a run's rows; the first column of each counts them
TRAINING, JOBS, BENCHMARKS = "training", "jobs", "benchmarks"
COUNTED = {TRAINING: "epoch", JOBS: "number", BENCHMARKS: "number"}


def rows(history: str | list, events: pd.DataFrame, folder: str) -> Iterator[dict]:
    """What is logged, a dict a row, its keys PART/COLUMN.

    Args:
        history: history.csv of a training, or an empty list. events: jobs of the study, see `summary.events`. folder:
            of benchmarks.

    Yields:
        a row an epoch; a row each time that a job ran; a row a line of a job's benchmark, as Snakemake measured it.
        Cells that are empty are left out.
    """
    if history:
        yield from _of(TRAINING, pd.read_csv(history))
    yield from _of(JOBS, _counted(events))
    last = events.drop_duplicates(["rule", "job"], keep="last")
    tables = []
    for rule, name in zip(last["rule"], last["job"], strict=True):
        path = Path(folder, rule, f"{name}.tsv")
        if path.is_file():
            table = pd.read_csv(path, sep="\t", na_values=["-", "NA"]).assign(rule=rule, job=name)
            tables.append(table)
    if tables:
        yield from _of(BENCHMARKS, _counted(pd.concat(tables, ignore_index=True)))


def write(folder: Path, name: str, project: str, config: dict, found: Iterator[dict]) -> None:
    """Write an offline run, offline-run-TIME-NAME, into a folder.

    Args:
        name: of the run, and its id: what is written again is the same run. project: it is put into. config: settings
            that it has. found: of `rows`.

    Raises:
        ValueError: one sentence, where the package is not installed.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing") as temporary:
        os.environ |= QUIET | dict.fromkeys(FOLDERS, temporary)
        wandb = _package()
        settings = wandb.Settings(
            silent=True, console="off", disable_git=True, save_code=False, disable_code=True, disable_job_creation=True,
            x_disable_stats=True, x_disable_meta=True, x_disable_machine_info=True, x_save_requirements=False,
            host="not told",
        )  # fmt: skip
        run = wandb.init(
            mode="offline", dir=temporary, id=name, name=name, project=project, config=config, settings=settings
        )
        for part, count in COUNTED.items():
            run.define_metric(f"{part}/*", step_metric=f"{part}/{count}")
        for row in found:
            run.log(row)
        run.finish()
        (written,) = Path(temporary, "wandb").glob("offline-run-*")
        # what the package said while it wrote names this machine's folders
        for log in Path(written, "logs").iterdir():
            log.unlink()
        os.replace(written, folder / written.name)


def _package():
    try:
        import wandb
    except ModuleNotFoundError:
        raise ValueError(
            "tracking.wandb.enabled is true, and needs the package wandb, which is not installed; run `make wandb`, or "
            "set it false"
        ) from None
    return wandb


def _counted(table: pd.DataFrame) -> pd.DataFrame:
    return table.reset_index(drop=True).rename_axis("number").reset_index()


def _of(part: str, table: pd.DataFrame) -> Iterator[dict]:
    for row in table.astype(object).where(table.notna(), None).to_dict("records"):
        yield {f"{part}/{key}": value for key, value in row.items() if value is not None}
