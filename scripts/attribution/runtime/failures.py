"""How an error ends a job: one that the code raises knowingly as its sentence, any other with its traceback."""

import dis
import faulthandler
import sys
import traceback
from pathlib import Path

from attribution.runtime import log

SCRIPTS = Path(__file__).parents[2]
# kinds that are raised with a sentence for the user; others, such as AssertionError, are about the code
KINDS = (ValueError, RuntimeError, MemoryError, OSError, KeyError)


def watch() -> None:
    """From now on an error that nothing catches is told as `tell` does; a crash of compiled code shows where it was."""
    sys.excepthook = tell
    faulthandler.enable(log.terminal())


def tell(kind: type, error: BaseException, trace) -> None:
    """Write the traceback to the log, with the sentence as its last line, and to the terminal the one or the other.

    Args: those of `sys.excepthook`.
    """
    lines = traceback.format_exception(error)
    if is_meant(error):
        # without the line in which Python says the same after the error's kind
        lines[-len(traceback.format_exception_only(error)) :] = told = [sentence(error) + "\n"]
    else:
        told = lines if isinstance(error, Exception) else []
    for stream, text in ((sys.stderr, lines), (log.terminal(), told)):
        print("".join(text), end="", file=stream, flush=True)


def sentence(error: BaseException) -> str:
    """What an error says; of a KeyError without quotes."""
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error)


def is_meant(error: BaseException) -> bool:
    """Whether a `raise` statement of a file in scripts/ made this error, and with a sentence.

    Not one that happens while such a statement puts its sentence together, nor one of a library that is passed on.
    """
    trace = error.__traceback__
    if trace is None or not isinstance(error, KINDS) or not sentence(error).strip():
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    # Snakemake runs a copy of a script, and tells it where the script lies
    file = trace.tb_frame.f_globals.get("__file__") or ""
    instruction = trace.tb_frame.f_code.co_code[trace.tb_lasti]
    return Path(file).resolve().is_relative_to(SCRIPTS.resolve()) and dis.opname[instruction] == "RAISE_VARARGS"
