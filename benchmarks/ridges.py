"""How much the ridge of TRAK and of Gauss-Newton influence counts: LDS against whole networks trained again.

    python benchmarks/ridges.py results/toy/mlp-l2/seed0 --truth fixed-alpha0.5 fixed-alpha0.9 --output ridge.csv

Of runs whose truths are there, by target truth_toy or truth_cifar10. `weighted` has each margin gradient times
sqrt(p (1 - p)), the Gauss-Newton matrix of the loss for two classes; `plain` is TRAK's. The ridge is in multiples of
the kernel's mean diagonal, as in `trak.ridge` and `curvature.damping` of mode kernel.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd

from attribution.evaluation import lds, truths
from attribution.files import hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.influence import margin_gradients, trak
from attribution.networks import precision

MULTIPLES = 10.0 ** np.arange(-4, 4.1, 0.5)


def rows_of(run: Path, names: list[str]) -> list[list]:
    """Scores of one run: model, truth, form, multiple, degrees of freedom, LDS.

    Args:
        names: of truths, as `fixed-alpha0.5`.
    """
    import keras

    x, y, x_test, y_test = hdf5.read(run.parents[1] / "data.h5", X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
    found = {name: truths.read(sorted(map(str, (run / "truth").glob(f"{name}-*.h5")))) for name in names}
    targets = next(iter(found.values())).targets
    model, n = keras.models.load_model(run / "model.keras", compile=False), len(x)
    samples = precision.as_taken(model, np.concatenate([x, x_test[targets]]))
    network = margin_gradients.network(model, samples[:n])
    kernel, logits = trak.kernel(network, samples, np.concatenate([y, y_test[targets]]), n, 256)
    uncertain = trak.uncertainty(logits[:n], y)
    rows = []
    for form, weights in (("plain", np.ones(n)), ("weighted", np.sqrt(uncertain * (1 - uncertain)))):
        values, vectors = np.linalg.eigh(kernel[:n] * weights * weights[:, None])
        values, of_targets = values.clip(0), (kernel[n:] * weights) @ vectors
        # a point without weight is in no direction of the kernel
        back = np.divide(uncertain, weights, out=np.zeros(n), where=weights > 0)
        for multiple in MULTIPLES:
            ridge = multiple * values.mean()
            pairs = (of_targets / (values + ridge)) @ vectors.T * back
            freedom = float((values / (values + ridge)).sum())
            for name, truth in found.items():
                score = lds.scores(truth.margins.mean(axis=0), truth.kept @ pairs.T).mean()
                rows.append([run.parents[1].name, run.parent.name, name, form, multiple, freedom, float(score)])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--truth", nargs="+", default=["fixed-alpha0.5", "fixed-alpha0.9"])
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    rows = [row for run in arguments.runs for row in rows_of(run, arguments.truth)]
    columns = ["dataset", "model", "truth", "form", "multiple", "degrees_of_freedom", "lds"]
    pd.DataFrame(rows, columns=columns).to_csv(arguments.output, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
