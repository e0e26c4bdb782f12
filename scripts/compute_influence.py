"""Self-influence of every training point, and influence of all training points on the targets."""

from attribution import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

from attribution import h5, influence, inverse_files, names, provenance, seed_points


def compute_influence(
    gradients: str, solve: influence.Solve, labels: str, targets, subgroups: list[str], path: str, attributes: dict
) -> None:
    """Write influence.h5.

    Args:
        gradients, labels: gradients.h5 and data.h5. solve: the damped inverse Hessian.
        targets: "all", or training indices and subgroup names (see `seed_points.resolve`).
        subgroups: names, in the order of their numbers.
    """
    features, residuals = h5.read(gradients, names.FEATURES_TRAIN, names.RESIDUALS_TRAIN)
    x, subgroup = h5.read(labels, names.X_TRAIN, names.SUBGROUP_TRAIN)
    rows = list(range(len(x))) if targets == "all" else seed_points.resolve(targets, x, subgroup, subgroups)
    own, step_norm = influence.self_influence(features, residuals, solve)
    matrix = influence.all_pairs(features[rows], residuals[rows], features, residuals, solve)
    arrays = {
        names.SELF_INFLUENCE: own,
        names.STEP_NORM: step_norm,
        names.INFLUENCE: matrix,
        names.TARGETS: rows,
    }
    h5.write(path, arrays, attributes | {"scale": "I, not divided by n"})


if "snakemake" in globals():
    compute_influence(
        snakemake.input.gradients,
        inverse_files.open_inverse(dict(snakemake.input.items()), snakemake.params.cg),
        snakemake.input.labels,
        snakemake.params.targets,
        snakemake.params.subgroups,
        snakemake.output.influence,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
