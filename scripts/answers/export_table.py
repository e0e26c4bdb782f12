"""export/TABLE.csv or .parquet: one of the tables of `attribution.results`, for other programs."""

from attribution.runtime import job

job.begin()

from pathlib import Path

from attribution.files import atomic
from attribution.results import folder, tables

TABLES = {
    "points": tables.points, "groups": tables.groups, "parts": tables.parts, "suspicious": tables.suspicious,
    "explanations": tables.explanations,
}  # fmt: skip


def export_table(inputs: list[str], code: list[str], table: str, path: str) -> None:
    """Write a table, see the function of its name in `results.tables`.

    Args:
        inputs: files of the run, with those of `code`. table: its name. path: in folder export of the run, of ending
            .csv or .parquet.
    """
    run = folder.of_files(Path(path).parents[1], [file for file in inputs if file not in code])
    frame = TABLES[table](run)
    with atomic.replacing(path) as temporary:
        write = frame.to_parquet if path.endswith(".parquet") else frame.to_csv
        write(temporary, index=table == "points")


job.run(export_table, table="wildcards.table")
