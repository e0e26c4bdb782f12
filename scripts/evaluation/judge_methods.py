"""judges/JUDGE.csv: what one judge says of each method's scores."""

from attribution.runtime import job

job.begin()

from attribution.evaluation import judge as judges
from attribution.files import atomic


def judge_methods(judge: judges.Judge, data: str, files: dict, path: str) -> None:
    """Write the judge's table.

    Args:
        data: data.h5. files: method -> its scores, in the order of the table.
    """
    table = judge(data, files)
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


job.run(
    judge_methods,
    judge=lambda params: judges.resolve(params["judge"]),
    files=lambda methods, scores: dict(zip(methods, scores, strict=True)),
)
