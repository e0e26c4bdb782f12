"""Algorithm 1 with a weights boundary: groups whose predictions the least move changes together."""

from attribution.runtime import job

job.begin()

from attribution.boundary import candidates as boundary_candidates
from attribution.boundary import grow as boundary_greedy
from attribution.boundary import score as boundary_scope
from attribution.data import seed_points
from attribution.files import hdf5, names, provenance
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
    """Write boundary-groups-FORM.h5, one folder a seed point, named by its training index.

    Args:
        files: paths of `data`, and of the last layer's `gradients`, `hessian` and `influence`, by which candidates are
            chosen; in all layers `model`. scope: of the score. group: section `groups`, for seeds and ties.
        form: of the score. boundary: section `boundary`. training: of the model. cg: of the inverse Hessian.
        subgroups: names, in the order of their numbers.

    Raises:
        ValueError: when there are too few candidates for every group.
    """
    settings = boundary["greedy"]
    x, y, subgroup = hdf5.read(files["data"], names.X_TRAIN, names.Y_TRAIN, names.SUBGROUP_TRAIN)
    seed_names, seeds = seed_points.seeds(group["seeds"], x, y, subgroup, subgroups, group["excluded"])
    keys = greedy.tie_keys(x, y, group["tie_seed"])
    del x
    features, weights = boundary_scope.last_layer(files["gradients"])
    (residuals,) = hdf5.read(files["gradients"], names.RESIDUALS_TRAIN)
    chosen = settings["forms"][form]
    (own,) = hdf5.read(files["influence"], names.SELF_INFLUENCE)
    pools = boundary_candidates.pools(
        chosen["from"], chosen["count"], seeds, y, features, residuals, own,
        inverse_files.open_inverse(files, cg), group["excluded"], keys,
    )  # fmt: skip
    score = boundary_scope.scorer(files, scope, features, weights, boundary, training)
    groups = boundary_greedy.grow(
        lambda members: score(members, form), [[seed] for seed in seeds], pools, settings["size"], form, keys,
        features, weights,
    )  # fmt: skip
    arrays, facts = {}, {}
    for name, seed, found, pool in zip(seed_names, seeds, groups, pools, strict=True):
        arrays |= {
            f"{seed}/{names.MEMBERS}": found.members,
            f"{seed}/{names.SCORE}": found.score,
            f"{seed}/{names.SHARE}": found.share,
            f"{seed}/{names.TIED}": found.tied,
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
