"""Results as arrays and tables for notebooks and other programs: `open` a folder, read what is asked for.

Needs h5py and pandas alone; loads no network and no TensorFlow.

    from attribution import results

    run = results.open("results/toy/mlp-dropout/seed0")
    print(run)                                      # what there is
    run["influence.h5"]["influence"]                # a NumPy array, read now
    run["history.csv"]                              # a pandas table
    results.points(run)                             # a row a training point: label, prediction, scores, parts
"""

from attribution.results.folder import open
from attribution.results.tables import explanations, groups, parts, points, suspicious

__all__ = ["explanations", "groups", "open", "parts", "points", "suspicious"]
