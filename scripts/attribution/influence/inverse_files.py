"""Choose how the damped inverse Hessian is applied, from what the cached files say."""

from attribution.files import hdf5
from attribution.influence import inverse
from attribution.influence.points import Solve


def open_inverse(files: dict, cg: dict) -> Solve:
    """The function (k, b) -> (k, b) that applies the damped inverse Hessian.

    Args:
        files: paths of `hessian` and `gradients`, and for products in all layers also `model` and `data`.
        cg: `tolerance`, `max_iterations`; read when hessian.h5 was made for conjugate gradients.
    """
    facts = hdf5.attributes(files["hessian"])
    if facts["solver"] == "exact":
        return inverse.from_factor(files["hessian"])
    if facts["scope"] == "last_layer":
        return inverse.last_layer_cg(files["gradients"], facts["damping"], **cg)
    # imported here so that last-layer jobs do not load TensorFlow
    from attribution.influence import all_layers_files as network_files

    return network_files.all_layers_cg(files, facts["damping"], facts["batch_size"], **cg)


def is_exact(files: dict) -> bool:
    """Whether it is applied with the Cholesky factor; `files` as in `open_inverse`."""
    return hdf5.attributes(files["hessian"])["solver"] == "exact"
