"""improved_groups.csv: how far each group of Algorithm 1 is from an optimum of definition 3.1, as swaps can tell."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.data import seed_points
from attribution.files import atomic, group_folders, hdf5
from attribution.files.results import groups as groups_file
from attribution.files.results.gradients import FEATURES_TRAIN, RESIDUALS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE
from attribution.influence import inverse_files
from attribution.influence import points as influence
from attribution.partition import search, vectors

COLUMNS = ["seeds", "size", "lengths", "greedy", "improved", "gap", "kept", "swaps"]


def improve_groups(files: dict, cg: dict, excluded: list[int], swaps: int, path: str) -> None:
    """Write a row a group and form: with gradients as they are, and whitened to length 1, the form of l-relative.

    Columns: `greedy` and `improved`, I(S, S) / |S| before and after; `gap`, the rise over what was reached; `kept`,
    share of the greedy members that stay.

    Args:
        files: `groups`, `gradients`, `hessian`, `influence`, and `data`, which tells rows and ids. cg: settings of the
            inverse. excluded: points that must be out, see `seed_points.numbers`. swaps: at most; seeds stay in.
    """
    named = seed_points.own_of(files["data"], excluded)
    excluded = seed_points.numbers(excluded, named, "groups.excluded")
    features, residuals = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    (own,) = hdf5.read(files["influence"], SELF_INFLUENCE)
    solve = inverse_files.open_inverse(files, cg)
    whole = vectors.factored(features, residuals, solve, own)
    unit = vectors.factored(features, influence.unit(residuals, own), solve, (own > 0).astype(float))
    rows = []
    with hdf5.file(files["groups"]) as file:
        groups = {folder: (file[folder][groups_file.MEMBERS][()], dict(file[folder].attrs)) for folder in file}
    for folder, (grown, facts) in groups.items():
        members = grown[: groups_file.size(facts, grown)]
        inside = list(group_folders.start_of(folder))
        for lengths, points in (("own", whole), ("unit", unit)):
            found = search.improve(points, members, inside, excluded, swaps)
            gap = 1 - found.before / found.after if found.after > 0 else 0.0
            kept = len(set(members) & set(found.members)) / len(members)
            rows.append([folder, len(members), lengths, found.before, found.after, gap, kept, found.swaps])
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


job.run(improve_groups)
