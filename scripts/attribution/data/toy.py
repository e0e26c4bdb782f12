"""Toy sets of the plane: that of the report's section 4.1, red discs left and right, blue between, and other shapes."""

import numpy as np

from attribution.data import variants
from attribution.files.results.data import FLIPPED_TRAIN, ORIGINAL_Y_TRAIN, Y_TRAIN


def sample_disc(rng: np.random.Generator, n: int, centre, radius: float, noise: float) -> np.ndarray:
    """Points drawn uniformly from a disc, plus Gaussian noise.

    Args:
        rng: source of randomness.
        n: number of points.
        centre: (2,) coordinates.
        radius: of the disc, in the plane's units.
        noise: standard deviation added to each coordinate, same units.

    Returns:
        (n, 2) float32.
    """
    distance = radius * np.sqrt(rng.uniform(size=n))
    angle = rng.uniform(0, 2 * np.pi, size=n)
    points = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)
    return (np.asarray(centre) + points + noise * rng.standard_normal((n, 2))).astype(np.float32)


def sample_ring(
    rng: np.random.Generator, n: int, centre, radius: float, width: float, angles: list[float], noise: float
) -> np.ndarray:
    """Points drawn uniformly from a ring or a part of one, plus Gaussian noise.

    Args:
        rng, n, centre, noise: see `sample_disc`. radius: of the outer edge. width: between both
            edges, at most the radius.
        angles: (2,) degrees, counterclockwise from the first axis, between which the ring lies.

    Returns:
        (n, 2) float32.
    """
    inner = radius - width
    distance = np.sqrt(inner**2 + (radius**2 - inner**2) * rng.uniform(size=n))
    angle = np.deg2rad(rng.uniform(*angles, size=n))
    points = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)
    return (np.asarray(centre) + points + noise * rng.standard_normal((n, 2))).astype(np.float32)


def sample(rng: np.random.Generator, n: int, disc: dict, noise: float) -> np.ndarray:
    """(n, 2) points of a subgroup in its shape: a `disc` unless it says `ring`."""
    if disc.get("shape", "disc") == "disc":
        return sample_disc(rng, n, disc["centre"], disc["radius"], noise)
    width, angles = disc.get("width", disc["radius"]), disc.get("angles", [0, 360])
    return sample_ring(rng, n, disc["centre"], disc["radius"], width, angles, noise)


def draw(
    discs: list[dict], class_names: list[str], noise: float, seed: int, flipped: float = 0.0
) -> dict[str, np.ndarray]:
    """Training and test set, both shuffled, so that file order carries no information.

    Args:
        discs: each `{name, class, centre, radius, train, test}`; its position is its subgroup number. With
            `shape: ring` and `width`, `angles` it is a ring or a part of one.
        class_names: class of label 0, 1, ...
        noise: see `sample_disc`.
        seed: of the draw, of the shuffle and of the flips, which leave the points as they were.
        flipped: share of the training labels that are replaced, see `variants.flip`.

    Returns:
        x_train (n, 2) float32, y_train (n,) int64, subgroup_train (n,) int64, and the same for test; with flipped
        labels `flipped_train` (n,) bool and `original_y_train` (n,) int64.
    """
    arrays = {}
    *generators, flips = np.random.default_rng(seed).spawn(3)
    for part, generator in zip(("train", "test"), generators, strict=True):
        points = [sample(generator, d[part], d, noise) for d in discs]
        subgroup = np.repeat(np.arange(len(discs)), [d[part] for d in discs])
        label = np.array([class_names.index(d["class"]) for d in discs], dtype=np.int64)[subgroup]
        order = generator.permutation(len(subgroup))
        arrays[f"x_{part}"] = np.concatenate(points)[order]
        arrays[f"y_{part}"] = label[order]
        arrays[f"subgroup_{part}"] = subgroup[order]
    if flipped:
        original = arrays[Y_TRAIN]
        arrays[Y_TRAIN], arrays[FLIPPED_TRAIN] = variants.flip(
            original, flipped, len(class_names), np.ones(len(original), dtype=bool), flips
        )
        arrays[ORIGINAL_Y_TRAIN] = original
    return arrays
