"""What the scores of each method cost."""

import pandas as pd

from attribution.files import hdf5


def table(data: str, files: dict[str, str]) -> pd.DataFrame:
    """method, family, seconds and peak_memory in bytes of the job that scored it; no seconds of what stood in a file.

    Args:
        files: method -> scores/METHOD.h5, or scores/TABLE/METHOD.h5 for the cost of groups.
    """
    rows = []
    for method, path in files.items():
        facts = hdf5.attributes(path)
        rows.append([method, facts["family"], None if facts["stored"] else facts["seconds"], facts["peak_memory"]])
    return pd.DataFrame(rows, columns=["method", "family", "seconds", "peak_memory"])
