"""attributions/METHOD-K.h5: the mean of a method's attributions over the networks of several training seeds."""

from attribution.runtime import job

job.begin()

from pathlib import Path

from attribution.answers import history
from attribution.files import hdf5, provenance
from attribution.files.results.influence import TARGETS
from attribution.methods import means
from attribution.methods.scores import PAIRS


def average_method(attributions: list[str], trainings: list[str], path: str, attributes: dict) -> None:
    """Write `targets` (t,) and the mean `pairs` (t, n); seconds add up, the peak of memory is the largest.

    Seconds hold the further trainings, which nothing but the mean needs, as those of datamodels hold their networks.

    Args:
        attributions: of each training. trainings: benchmarks of those that are not the run's own.
        path, attributes: of the file.

    Derivatives through trainings, which carry their `growth`, are weighted as `means.weights` says; the weights stand
    in attribute `weights`.
    """
    found = [hdf5.read(file, TARGETS, PAIRS) for file in attributions]
    facts = [hdf5.attributes(file) for file in attributions]
    pairs, own = [pairs for _, pairs in found], {name: facts[0][name] for name in ("method", "family", "unit")}
    took = [history.of_benchmark(Path(benchmark))["seconds"] for benchmark in trainings]
    print(f"further trainings: {sum(took):.1f} s", flush=True)
    shares = None
    if all("growth" in told for told in facts):
        shares = means.weights(means.lengths(pairs))
        own["weights"] = shares.tolist()
        print("weights of the trainings:", *shares.round(3), flush=True)
    own |= {
        "seconds": sum(told["seconds"] for told in facts) + sum(took),
        "peak_memory": max(told["peak_memory"] for told in facts),
    }
    hdf5.write(path, {TARGETS: found[0][0], PAIRS: means.mean(pairs, shares)}, attributes | own)


job.run(average_method, attributes=provenance.attributes)
