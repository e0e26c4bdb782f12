"""judges/labels.csv: how well each method's scores find the labels that are known to be wrong."""

from attribution.runtime import job

job.begin()

from attribution.answers import known_labels
from attribution.files import atomic


def judge_labels(
    data: str, human: str | None, files: dict, class_names: list[str], interval: dict, path: str
) -> None:  # fmt: skip
    """Write the table, see `known_labels.table`.

    Args:
        data: data.h5. human: CSV file of what people said of labels, or None. files: method -> scores/METHOD.h5.
        class_names: of the source, empty where only its file knows them.

    Raises:
        ValueError: when nothing is known, see `wrong_labels.of`.
    """
    table = known_labels.table(data, human, {method: [file] for method, file in files.items()}, class_names, interval)
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


job.run(judge_labels, files=lambda methods, scores: dict(zip(methods, scores, strict=True)))
