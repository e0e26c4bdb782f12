"""The line of names of a CSV file: its columns, what separates them, and those that have no name."""

import csv
import re

# what pandas calls the columns without a name
UNNAMED = re.compile(r"Unnamed: \d+([._]\w+)*")


def read(path) -> tuple[list[str], str]:
    """Names of the columns as pandas has them, and what separates them: a comma, or where the line has none a
    semicolon or a tab.

    Raises:
        OSError, UnicodeDecodeError: where the file cannot be read.
    """
    with open(path, newline="", encoding="utf-8-sig") as file:
        # pandas leaves out empty lines
        line = next((line for line in file if line.strip()), "")
        separator = next((sign for sign in ",;\t" if sign in line), ",")
        names = next(csv.reader([line, *file], delimiter=separator), [])
    return [name or f"Unnamed: {place}" for place, name in enumerate(names)], separator


def of_index(names: list[str]) -> list[str]:
    """The columns without a name that stand before all others, as `DataFrame.to_csv` and R write the names of rows."""
    found = []
    for name in map(str, names):
        if not UNNAMED.fullmatch(name):
            break
        found.append(name)
    return found
