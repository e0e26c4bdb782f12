"""Memory and floating-point operations of each stage, predicted before it starts; plain arithmetic on sizes.

Symbols as everywhere: n training points, D extended features, C logits, k = D C parameters of the last layer. Every
function returns `bytes` (largest memory at one time), `flops` (a multiplication and an addition are two) and sizes.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

FLOAT64 = 8
FLOAT32 = 4
# (k, k) arrays alive at one time while the Hessian is put together, damped and factored
HESSIAN_COPIES, HESSIAN_COPIES_ONE_LOGIT = 2.5, 5
CG_VECTORS = 5  # arrays that conjugate gradients keep for each right-hand side
INTERPRETER = 700 << 20  # TensorFlow and the other libraries themselves
CGROUPS = Path("/sys/fs/cgroup")


def training(
    parameters: int,
    activations: int,
    flops: int,
    n: int,
    data_bytes: int,
    batch: int,
    epochs: int,
    slots: int,
    evaluation_batch: int = 0,
) -> dict:
    """Training with backpropagation, which costs two forward passes beside the forward one.

    Args:
        parameters: of the network. activations, flops: numbers computed and operations of one sample's forward pass.
        data_bytes: of all samples held. batch, epochs: of the training. slots: arrays that the optimiser keeps for each
            parameter, 2 for Adam and 1 for SGD with momentum. evaluation_batch: samples of a forward pass alone.
    """
    weights = FLOAT32 * parameters * (2 + slots)
    passing = FLOAT32 * activations * max(2 * batch, evaluation_batch)
    return {
        "n": n,
        "parameters": parameters,
        "bytes": INTERPRETER + data_bytes + weights + passing,
        "flops": 3 * flops * n * epochs,
    }


def gradient_cache(
    n: int, D: int, C: int, data_bytes: int, batch: int, activations: int, flops: int, itemsize: int = FLOAT64
) -> dict:
    """Features, logits and residuals of n points (training and test together), written a batch at a time.

    Args:
        data_bytes: of one batch of samples, and of factors that wait to be written.
        itemsize: bytes of one stored number.
    """
    return {
        "n": n,
        "D": D,
        "C": C,
        "bytes": INTERPRETER + data_bytes + itemsize * batch * (D + 2 * C) + FLOAT32 * activations * batch,
        "flops": n * (flops + 2 * D * C),
    }


def factor_bytes(n: int, D: int, C: int, itemsize: int = FLOAT64) -> int:
    """Bytes of the two factors of n last-layer gradients: (n, D) features of `itemsize`, (n, C) float64 residuals."""
    return n * (itemsize * D + FLOAT64 * C)


def hessian(n: int, D: int, C: int, chunk_bytes: int = 64 << 20) -> dict:
    """Exact last-layer Hessian, its smallest eigenvalue and its Cholesky factor; features are read in blocks.

    n D (D + 1) C (C - 1) / 2 for half Gram products of D x D, one a pair of classes (n D (D + 1) for one logit),
    4 k^3 / 3 for the tridiagonal form that the eigenvalue is read from, k^3 / 3 for the factor (Golub and Van Loan
    2013, sections 8.3 and 4.2). A large factor's eigenvalue takes less.
    """
    k = D * C
    copies = HESSIAN_COPIES if C > 1 else HESSIAN_COPIES_ONE_LOGIT
    return {
        "n": n,
        "D": D,
        "C": C,
        "k": k,
        "bytes": int(FLOAT64 * (copies * k * k + C * D * D + n * C)) + chunk_bytes,
        "flops": n * D * (D + 1) * max(1, C * (C - 1) // 2) + 5 * k**3 // 3,
    }


def network_gradients(n: int, k: int, C: int, batch: int) -> dict:
    """Gradients of n points (training and test together) in all k parameters, from the Jacobian of a batch's logits.

    The gradients are there twice while batches are joined, the Jacobian twice while its parts are.
    """
    held = FLOAT64 * (2 * n * k + 2 * batch * C * k)
    return {"n": n, "k": k, "C": C, "bytes": INTERPRETER + held, "flops": 6 * n * C * k}


def network_hessian(n: int, k: int, C: int, exact: bool) -> dict:
    """Products with the Hessian in all k parameters, from the Jacobian of all n logits; exact, its columns and factor.

    The Jacobian is there twice while its parts are joined; unit vectors, columns, their joint and the symmetric matrix
    are four of k x k.
    """
    held = FLOAT64 * (2 * n * C * k + (4 * k * k if exact else 0))
    flops = 4 * n * C * k * (k if exact else 100) + (5 * k**3 // 3 if exact else 0)
    return {"n": n, "k": k, "C": C, "bytes": INTERPRETER + held, "flops": flops}


def _influence_flops(targets: int, n: int, D: int, C: int) -> int:
    """One solve with the Cholesky factor, 2 k^2, and one pass over the factors, 2 n C (D + 1), for each target."""
    return targets * (2 * (D * C) ** 2 + 2 * n * C * (D + 1))


def _inverse_bytes(k: int, columns: int, exact: bool) -> int:
    """Of the damped inverse Hessian applied to so many columns: its Cholesky factor, or the vectors of CG."""
    return FLOAT64 * (k * k if exact else CG_VECTORS * k * columns)


def _influence(targets: int, n: int, D: int, C: int, held: int) -> dict:
    """Cost of influence on targets that holds so many bytes."""
    flops = _influence_flops(targets, n, D, C)
    return {"targets": targets, "n": n, "D": D, "C": C, "k": D * C, "bytes": held, "flops": flops}


def all_pairs(
    targets: int, n: int, D: int, C: int, block: int | None = None, itemsize: int = FLOAT64, exact: bool = True
) -> dict:
    """Influence of n points on targets.

    Args:
        block: rows of the (targets, n) matrix in memory at a time, all by default. itemsize: bytes of one stored
            feature. exact: by the Cholesky factor, else by conjugate gradients, whose iterations are not in `flops`.
    """
    k, rows = D * C, min(targets, block or targets)
    held = factor_bytes(n, D, C, itemsize) + _inverse_bytes(k, rows, exact) + FLOAT64 * rows * (2 * k + n)
    return _influence(targets, n, D, C, held)


def influence_file(
    targets: int, n: int, D: int, C: int, block: int, itemsize: int = FLOAT64, exact: bool = True
) -> dict:
    """Self-influence of n points, `block` at a time, and their influence on targets. Args as `all_pairs`."""
    own = all_pairs(block, n, D, C, block, itemsize, exact)["bytes"] - FLOAT64 * block * n
    found = all_pairs(targets, n, D, C, block, itemsize, exact)
    return found | {"bytes": max(own, found["bytes"]), "flops": found["flops"] + n * (2 * (D * C) ** 2 + 4 * D * C)}


def top_k(
    targets: int, n: int, D: int, C: int, top: int, block: int, itemsize: int = FLOAT64, exact: bool = True
) -> dict:
    """The `top` most helpful and most harmful points of each target, in blocks of targets.

    Holds one (block, n) part of the matrix with its sorting order, never the whole. Other args as `all_pairs`.
    """
    part = all_pairs(block, n, D, C, block, itemsize, exact)["bytes"] + FLOAT64 * block * n
    return _influence(targets, n, D, C, part + 2 * 2 * FLOAT64 * targets * top)


def groups(seeds: int, size: int, n: int, D: int, C: int, itemsize: int = FLOAT64, exact: bool = True) -> dict:
    """Algorithm 1 for several seeds at once: each member costs one solve and one pass over the factors.

    Args:
        itemsize, exact: as in `all_pairs`.
    """
    k = D * C
    held = factor_bytes(n, D, C, itemsize) + _inverse_bytes(k, seeds, exact) + FLOAT64 * seeds * (3 * k + 2 * n)
    return {
        "seeds": seeds,
        "size": size,
        "n": n,
        "D": D,
        "C": C,
        "k": k,
        "bytes": held,
        "flops": size * _influence_flops(seeds, n, D, C),
    }


def stop(seeds: int, size: int, k: int) -> dict:
    """Where growths stop by how alike their members are: the gradients of one growth solved, the products of each two
    of them, and the eigenvectors of these.
    """
    flops = seeds * (2 * size * k * k + 2 * size * size * k + 9 * size**3)
    return {"bytes": FLOAT64 * (3 * size * k + 4 * size * size), "flops": flops}


def adaptive_groups(seeds: int, size: int, n: int, D: int, C: int) -> dict:
    """Algorithm 1 with parameters re-estimated: a Hessian, its factor and all self-influences for every member.

    Beside the Hessian in the making, the whole training set's, its factor and a group's are held.
    """
    k, step = D * C, hessian(n, D, C)
    held = factor_bytes(n, D, C) + step["bytes"] + FLOAT64 * (3 * k * k + 2 * n * C)
    found = groups(seeds, size, n, D, C)
    return found | {"bytes": held, "flops": seeds * size * (step["flops"] + n * 2 * k * k)}


def speed(multiply: Callable = np.matmul, square=None, seconds: float = 0.05) -> float:
    """Operations a second of a large matrix product on this machine.

    Args:
        multiply: of two matrices. square: the matrix, (s, s); None for a float64 array. seconds: least time to measure.
    """
    square = np.ones((768, 768)) if square is None else square
    float(multiply(square, square)[0, 0])  # compilation, threads
    repeats, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        float(multiply(square, square)[0, 0])
        repeats += 1
    return 2 * square.shape[0] ** 3 * repeats / (time.perf_counter() - start)


def require(label: str, cost: dict, remedy: str, flops_a_second: float, available: int | None = None) -> None:
    """Print what a stage needs; stop it before it starts when that is more memory than there is.

    Args:
        label: names the stage. cost: from a function above. remedy: the setting that makes it fit, an imperative.
        flops_a_second: see `speed`; the time follows from it, a lower limit. available: bytes; None for this machine's.

    Raises:
        MemoryError: one sentence.
    """
    available = available_memory() if available is None else available
    sizes = ", ".join(f"{name} {value}" for name, value in cost.items() if name not in ("bytes", "flops"))
    print(
        f"{label}: {sizes}; predicted {cost['bytes'] / 2**30:.2f} GiB of {available / 2**30:.2f} GiB available, "
        f"{cost['flops']:.2e} operations, at least {cost['flops'] / flops_a_second:.1f} s",
        flush=True,
    )
    if cost["bytes"] > available:
        raise MemoryError(
            f"{label} needs {cost['bytes'] / 2**30:.2f} GiB of memory ({sizes}), but {available / 2**30:.2f} GiB "
            f"are available; {remedy}"
        )


def available_memory(meminfo: Path = Path("/proc/meminfo"), own_group: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes that this process may still take: the machine's, or less where a container or a cluster job limits it."""
    found = [_machine_memory(meminfo)]
    lines = own_group.read_text().splitlines() if own_group.exists() else []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory") and "memory" not in controllers.split(","):
            continue
        root = CGROUPS if controllers == "" else CGROUPS / "memory"
        folder = root / path.strip("/")
        while folder == root or root in folder.parents:
            found.append(_group_memory(folder))
            folder = folder.parent
    return min(value for value in found if value is not None)


def _machine_memory(meminfo: Path) -> int:
    if meminfo.exists():
        values = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        if "MemAvailable" in values:
            return int(values["MemAvailable"].split()[0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _group_memory(folder: Path) -> int | None:
    """Limit of a control group less what it uses, files that can be dropped not counted; None without a limit."""
    for limit_name, used_name in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        if not (folder / limit_name).exists() or not (folder / used_name).exists():
            continue
        limit = (folder / limit_name).read_text().strip()
        if limit == "max":
            return None
        statistics = folder / "memory.stat"
        lines = statistics.read_text().splitlines() if statistics.exists() else []
        cached = dict(line.split() for line in lines).get("inactive_file", "0")
        return max(0, int(limit) - int((folder / used_name).read_text()) + int(cached))
    return None
