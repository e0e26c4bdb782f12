"""labels-seeds.csv: how well each method's scores find wrong labels that are known, over training seeds."""

from attribution.runtime import job

job.begin()

from attribution.answers import known_labels
from attribution.files import atomic


def gather_labels(
    data: str, human: str | None, files: dict, class_names: list[str], interval: dict, about: dict, path: str
) -> None:  # fmt: skip
    """Write dataset and model, the columns of `known_labels.table`, and the number of seeds.

    Args:
        data: data.h5. human: CSV file of what people said of labels, or None. files: method -> scores/METHOD.h5 of each
            seed. class_names: of the source, empty where only its file knows them. about: `dataset` and `model`.

    Raises:
        ValueError: when nothing is known, see `wrong_labels.of`.
    """
    table = known_labels.table(data, human, files, class_names, interval)
    for place, (name, value) in enumerate(about.items()):
        table.insert(place, name, value)
    table["seeds"] = len(next(iter(files.values())))
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


def of_methods(methods: list[str], scores: list[str]) -> dict[str, list[str]]:
    """method -> files of its seeds, from the files of all methods, a seed after the other."""
    return {method: scores[place :: len(methods)] for place, method in enumerate(methods)}


job.run(gather_labels, files=of_methods)
