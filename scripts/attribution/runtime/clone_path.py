"""Where the project may lie. Run by make before anything is installed: standard library of any Python 3 only."""

import os
import sys

REASONS = {
    ":": "no virtual environment can be made there",
    '"': "the commands of .venv/bin cannot start there",
    "$": "the commands of .venv/bin cannot start there",
    "`": "the commands of .venv/bin cannot start there",
    "\\": "the commands of .venv/bin cannot start there",
    "{": "Snakemake takes it for a wildcard",
    "}": "Snakemake takes it for a wildcard",
}


def refusal(path):
    """One sentence on a folder in which the project cannot work, else None."""
    for character in path:
        reason = REASONS.get(character)
        if not character.isprintable():
            reason = "it is not printed"
        if reason:
            return f"the project's folder is {path!r}, and with the character {character!r} in it {reason}; move it"
    return None


if __name__ == "__main__":
    sys.exit(refusal(os.getcwd()))
