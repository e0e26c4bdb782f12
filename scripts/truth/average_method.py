"""attributions/METHOD-K.h5: the mean of a method's attributions over the networks of several training seeds."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.files import hdf5, provenance
from attribution.files.results.influence import TARGETS
from attribution.methods.scores import PAIRS


def average_method(attributions: list[str], path: str, attributes: dict) -> None:
    """Write `targets` (t,) and the mean `pairs` (t, n); seconds add up, the peak of memory is the largest."""
    total, seconds, peak = 0.0, 0.0, 0
    for file in attributions:
        targets, pairs = hdf5.read(file, TARGETS, PAIRS)
        facts = hdf5.attributes(file)
        total = total + pairs
        seconds, peak = seconds + facts["seconds"], max(peak, facts["peak_memory"])
    own = {name: facts[name] for name in ("method", "family", "unit")}
    arrays = {TARGETS: targets, PAIRS: np.asarray(total) / len(attributions)}
    hdf5.write(path, arrays, attributes | own | {"seconds": seconds, "peak_memory": peak})


job.run(average_method, attributes=provenance.attributes)
