"""attributions/METHOD-K.h5: the mean of a method's attributions over the networks of several training seeds."""

from attribution.runtime import job

job.begin()

from attribution.files import hdf5, provenance
from attribution.files.results.influence import TARGETS
from attribution.methods import means
from attribution.methods.scores import PAIRS


def average_method(attributions: list[str], path: str, attributes: dict) -> None:
    """Write `targets` (t,) and the mean `pairs` (t, n); seconds add up, the peak of memory is the largest.

    Derivatives through trainings, which carry their `growth`, are weighted as `means.weights` says; the weights stand
    in attribute `weights`.
    """
    found = [hdf5.read(file, TARGETS, PAIRS) for file in attributions]
    facts = [hdf5.attributes(file) for file in attributions]
    pairs, own = [pairs for _, pairs in found], {name: facts[0][name] for name in ("method", "family", "unit")}
    shares = None
    if all("growth" in told for told in facts):
        shares = means.weights(means.lengths(pairs))
        own["weights"] = shares.tolist()
        print("weights of the trainings:", *shares.round(3), flush=True)
    own |= {
        "seconds": sum(told["seconds"] for told in facts), "peak_memory": max(told["peak_memory"] for told in facts)
    }  # fmt: skip
    hdf5.write(path, {TARGETS: found[0][0], PAIRS: means.mean(pairs, shares)}, attributes | own)


job.run(average_method, attributes=provenance.attributes)
