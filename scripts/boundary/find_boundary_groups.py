"""Algorithm 1 with a weights boundary: groups whose predictions the least move changes together."""

from attribution.runtime import job

job.begin()

from attribution.boundary import candidates as boundary_candidates
from attribution.boundary import grow as boundary_greedy
from attribution.boundary import score as boundary_scope
from attribution.data import seed_points
from attribution.files import group_folders, hdf5, provenance
from attribution.files.results.boundary import MEMBERS, SCORE, SHARE, TIED
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import RESIDUALS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE
from attribution.groups import greedy
from attribution.influence import inverse_files


def find_boundary_groups(
    files: dict,
    scope: str,
    group: dict,
    form: str,
    boundary: dict,
    training: dict,
    cg: dict,
    subgroups: list[str],
    path: str,
    attributes: dict,
) -> None:
    """Write boundary-groups-FORM.h5, one folder a seed point or list of them, as in groups.h5.

    Args:
        files: paths of `data`, and of the last layer's `gradients`, `hessian` and `influence`, by which candidates are
            chosen; in all layers `model`. scope: of the score. group: section `groups`, for seeds and ties.
        form: of the score. boundary: section `boundary`. training: of the model. cg: of the inverse Hessian.
        subgroups: names, in the order of their numbers.

    Raises:
        ValueError: when there are too few candidates for every group.
    """
    settings = boundary["greedy"]
    x, y, subgroup = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    named = seed_points.own_of(files["data"], group["seeds"], group["excluded"])
    excluded = seed_points.numbers(group["excluded"], named, "groups.excluded")
    start_names, starts = seed_points.starts(group["seeds"], x, y, subgroup, subgroups, excluded, named)
    keys = greedy.tie_keys(x, y, group["tie_seed"])
    del x
    features, weights = boundary_scope.last_layer(files["gradients"])
    (residuals,) = hdf5.read(files["gradients"], RESIDUALS_TRAIN)
    chosen = settings["forms"][form]
    (own,) = hdf5.read(files["influence"], SELF_INFLUENCE)
    pools = boundary_candidates.pools(
        chosen["from"], chosen["count"], starts, y, features, residuals, own,
        inverse_files.open_inverse(files, cg), excluded, keys,
    )  # fmt: skip
    score = boundary_scope.scorer(files, scope, features, weights, boundary, training)
    groups = boundary_greedy.grow(
        lambda members: score(members, form), starts, pools, settings["size"], form, keys,
        features, weights,
    )  # fmt: skip
    arrays, facts = {}, {}
    for name, start, found, pool in zip(start_names, starts, groups, pools, strict=True):
        seed = group_folders.folder_of(start)
        arrays |= {
            f"{seed}/{MEMBERS}": found.members,
            f"{seed}/{SCORE}": found.score,
            f"{seed}/{SHARE}": found.share,
            f"{seed}/{TIED}": found.tied,
        }
        facts |= {
            f"{seed}/seed_name": name,
            f"{seed}/form": form,
            f"{seed}/candidates": len(pool),
            f"{seed}/solves": found.solves,
            f"{seed}/ended": found.ended,
        }
        if found.ended:
            print(f"group of point {seed}: no candidate is left, or solves it, beyond {len(found.members)} members")
    hdf5.write(path, arrays, attributes | facts)


job.run(find_boundary_groups, scope="params.scope", attributes=provenance.attributes)
