"""Send a job's messages to its log file while progress still reaches the terminal."""

import os
import sys
from collections.abc import Iterable
from typing import TextIO

from tqdm import tqdm

# The terminal of the run, once `capture` has taken standard error away from it.
_terminal = sys.stderr


class _Lines:
    """A stream on which tqdm's bars become lines: several jobs share one terminal."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text: str) -> None:
        text = text.strip("\r\n ")
        if text:
            self.stream.write(text + "\n")

    def flush(self) -> None:
        self.stream.flush()


def capture(path: str) -> None:
    """Redirect file descriptors 1 and 2 to `path`.

    TensorFlow's C++ code writes to the descriptors, not to `sys.stderr`: call this before importing it.
    """
    global _terminal
    _terminal = os.fdopen(os.dup(2), "w", buffering=1)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def terminal() -> TextIO:
    """The terminal of the run, also once a job's messages go to its log."""
    return _terminal


def progress(items: Iterable, label: str, total: int | None = None, seconds: float = 2.0) -> tqdm:
    """Iterate with a line of progress on the terminal every few seconds.

    Args:
        items: what to iterate over. label: names the job. total: length, where `items` has none.
        seconds: the least time between two lines.
    """
    form = "  {desc}: {percentage:3.0f} % ({n_fmt} of {total_fmt}, {elapsed} gone, {remaining} left)"
    return tqdm(items, desc=label, total=total, file=_Lines(_terminal), mininterval=seconds, bar_format=form)
