"""What Snakemake prints: why a job failed, first and last, no source files among inputs, and what was misspelt."""

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

# the end of a log that is read for its last line
READ = 4096
ENDED = "At least one job did not complete successfully."
# of a file that was asked for, and of one that a target is built of
NO_RULE = re.compile(r"No rule to produce (.+?) \(if you use input")
NO_INPUT = re.compile(r"Missing input files for rule (\w+):.*?affected files:\n\s*(\S+)", re.DOTALL)


class Told(logging.Filter):
    """Changes the records of jobs that Snakemake's logger passes on, and keeps a line for each that failed.

    Args:
        scripts: folder of the source files, which are inputs of every job. unmade: the sentence for the name of a file
            that no rule makes.
    """

    def __init__(self, scripts: Path, unmade: Callable[[str], str]):
        super().__init__()
        self.scripts, self.unmade, self.failed = Path(os.path.relpath(scripts)).as_posix(), unmade, []

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; a failed job's message is why it failed, and inputs are those that are no source files."""
        if hasattr(record, "rule_name") and hasattr(record, "input"):
            inputs = [str(file) for file in record.input or []]
            others = [file for file in inputs if not file.startswith(f"{self.scripts}/")]
            if len(others) < len(inputs):
                record.input = [*others, f"{len(inputs) - len(others)} source files"]
        if _event(record) == "job_error":
            why = last_line(record.log[0]) if record.log else ""
            record.rule_msg = why or "see the log"
            where = f" ({record.log[0]})" if record.log else ""
            self.failed.append(f"{record.rule_name}: {record.rule_msg}{where}")
        elif record.levelno >= logging.ERROR:
            self._reworded(record)
        return True

    def _reworded(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if ENDED in text and self.failed:
            # the last that Snakemake prints
            record.msg, record.args = "\n".join(["WorkflowError:", *dict.fromkeys(self.failed)]), ()
        elif asked := NO_RULE.search(text):
            record.msg, record.args = f"WorkflowError:\n{self.unmade(asked[1])}", ()
        elif built := NO_INPUT.search(text):
            record.msg, record.args = f"WorkflowError:\n{built[1]}: {self.unmade(built[2])}", ()


def watch(scripts: Path, unmade: Callable[[str], str]) -> None:
    """Have Snakemake's logger tell jobs so; see `Told`."""
    from snakemake.logging import logger

    for before in [one for one in logger.filters if isinstance(one, Told)]:
        logger.removeFilter(before)
    logger.addFilter(Told(scripts, unmade))


def last_line(path: str) -> str:
    """The last line of a job's log, which is its error's sentence; empty where there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - READ))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _event(record: logging.LogRecord) -> str:
    event = getattr(record, "event", None)
    return str(getattr(event, "value", event))
