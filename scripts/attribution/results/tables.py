"""Tables of a run: its training points, groups, parts, suspicious labels and explanations, each a pandas table.

Everywhere `index` is the position in the arrays of the run, and `row` the row number in the user's own data set.
"""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from attribution.files.results import data as data_file
from attribution.files.results import groups as groups_file
from attribution.files.results import influence as influence_file
from attribution.files.results import partition as partition_file
from attribution.files.results.gradients import LOGITS_TEST, LOGITS_TRAIN

DATA, GRADIENTS, INFLUENCE, PARTITION = "data.h5", "gradients.h5", "influence.h5", "partition.h5"
SUSPICIOUS, EXPLANATIONS = "suspicious.csv", "explanations.csv"
# of scores/METHOD.h5: larger is more suspicious, of the training points `index`
SCORES, POINTS, INDEX = "scores/", "points", "index"


def points(run: Mapping, part: str = "train") -> pd.DataFrame:
    """A row a point, by `index`; columns that need a file which the run lacks are left out.

    Args:
        run: of `results.open`. part: `train`, `test` or, where points are held out, `validation`, of which the network
            says nothing here.

    Returns:
        of the data set `row`, `label` and, where known, `id`, `subgroup`, `flipped` and `original_label`; of the
        network `prediction` and `margin` log(p / (1 - p)) of the label; and of the training set alone
        `self_influence` I(z, z), not divided by n, and `step_norm` ||H^-1 g|| of the last layer, `part_METHOD`, the
        part of each partition, and `score_METHOD`, larger is more suspicious, NaN where a point has none.

    Raises:
        KeyError: one sentence, when the data set is missing.
    """
    data = run[DATA]
    facts, names = data.attributes, set(data)
    y = data[f"y_{part}"]
    found = {"row": own_rows(data, part)}
    if (name := f"{data_file.ID}_{part}") in names:
        found["id"] = data[name].astype(str)
    found["label"] = _named(facts["class_names"], y)
    if f"subgroup_{part}" in names and list(facts["subgroup_names"]) != list(facts["class_names"]):
        found["subgroup"] = _named(facts["subgroup_names"], data[f"subgroup_{part}"])
    if part == "train" and data_file.FLIPPED_TRAIN in names:
        found["flipped"] = data[data_file.FLIPPED_TRAIN]
        found["original_label"] = _named(facts["class_names"], data[data_file.ORIGINAL_Y_TRAIN])
    if GRADIENTS in run and part != "validation":
        logits = run[GRADIENTS][LOGITS_TRAIN if part == "train" else LOGITS_TEST]
        found["prediction"] = _named(facts["class_names"], predictions(logits))
        found["margin"] = margins(logits, y)
    if part == "train":
        found |= _numbers(run, len(y))
    return pd.DataFrame(found, index=pd.RangeIndex(len(y), name="index"))


def own_rows(data: Mapping, part: str) -> np.ndarray:
    """(n,) int64: the row of each point in the user's own arrays of that part, from 0, as in suspicious.csv.

    A test image that was put into the training set counts on after the training rows. Data that are drawn have no
    other order than that of data.h5.
    """
    name = f"{data_file.INDEX}_{part}"
    if name not in data:
        return np.arange(len(data[f"y_{part}"]))
    return data[name] - (data.attributes[data_file.ROWS_TRAIN] if part == "test" else 0)


def predictions(logits: np.ndarray) -> np.ndarray:
    """(...,) int64 predicted classes of (..., C) logits; of a single logit class 1 where it is positive, of equal ones
    the first class."""
    return (logits[..., 0] > 0).astype(np.int64) if logits.shape[-1] == 1 else logits.argmax(axis=-1)


def margins(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64 log(p / (1 - p)) of the label's probability p, as `numerics.residuals.margins`, by NumPy alone.

    Negative where the label has less than half of the probability: everywhere that the network is wrong, and where it
    is right without a majority.

    Args:
        logits: (n, C), or (n, 1) of a sigmoid. labels: (n,) int64.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] == 1:
        return np.where(labels == 1, logits[:, 0], -logits[:, 0])
    rows, others = np.arange(len(labels)), logits.copy()
    others[rows, labels] = -np.inf
    return logits[rows, labels] - np.logaddexp.reduce(others, axis=1)


def groups(run: Mapping, scope: str = "last_layer", growth: bool = False) -> pd.DataFrame:
    """A row a member of each group of Algorithm 1, in the order in which members joined.

    Args:
        run: of `results.open`. scope: `last_layer` or `all_layers`. growth: whether points that joined after the group
            stopped (`groups.stop` of the settings) are among the rows.

    Returns:
        `variant` (of the settings, empty for the study's own), `group` (the training indices that it grew from),
        `rule`, `direction`, `step` (from 0, the seed), `index`, `row`, `label`, `normalised_influence` I(G, G) / |G| of
        the group up to this member, and `cosine`.

    Raises:
        KeyError: one sentence, when the run has no groups in this scope.
    """
    folder = "" if scope == "last_layer" else f"{scope}/"
    names = [name for name in run if name.startswith(f"{folder}groups") and name.endswith(".h5")]
    if not names:
        run[f"{folder}groups.h5"]
    labels = points(run)[["row", "label"]]
    frames = []
    for name in names:
        file = run[name]
        for path in (path for path in file if path.endswith(f"/{groups_file.MEMBERS}")):
            group = path.rpartition("/")[0]
            facts, members = file.attributes_of(group), file[path]
            members = members if growth else members[: groups_file.size(facts, members)]
            chosen = labels.iloc[members].reset_index(drop=True)
            frames.append(pd.DataFrame({
                "variant": file.attributes["variant"].removeprefix("-"), "group": group, "rule": facts["rule"],
                "direction": facts["direction"], "step": np.arange(len(members)), "index": members,
                "row": chosen["row"], "label": chosen["label"],
                "normalised_influence": file[f"{group}/{groups_file.NORMALISED_INFLUENCE}"][: len(members)],
                "cosine": file[f"{group}/{groups_file.COSINE}"][: len(members)],
            }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def parts(run: Mapping) -> pd.DataFrame:
    """A row a part of each method that divides the training set.

    Returns:
        `method`, `part` (from 0), `size`, `normalised_influence` I(S, S) / |S| on the method's own vectors, and
        `share_CLASS`, the share of each class in it.

    Raises:
        KeyError: one sentence, when the run has no partition.h5.
    """
    file, data = run[PARTITION], run[DATA]
    y, classes = data[data_file.Y_TRAIN], list(data.attributes["class_names"])
    rows = []
    for method in partition_methods(file):
        labels, own = file[f"{method}/{partition_file.LABELS}"], file[f"{method}/normalised_influence"]
        for part, influence in enumerate(own):
            inside = y[labels == part]
            shares = np.bincount(inside, minlength=len(classes)) / max(len(inside), 1)
            rows.append({"method": method, "part": part, "size": len(inside), "normalised_influence": influence}
                        | {f"share_{name}": share for name, share in zip(classes, shares, strict=True)})  # fmt: skip
    return pd.DataFrame(rows)


def partition_methods(file: Mapping) -> list[str]:
    """Names of the methods in partition.h5."""
    ending = f"/{partition_file.LABELS}"
    return [name.removesuffix(ending) for name in file if name.endswith(ending)]


def suspicious(run: Mapping) -> pd.DataFrame:
    """Training points by how suspicious their labels are: suspicious.csv.

    Raises:
        KeyError: one sentence, when the run has none.
    """
    return run[SUSPICIOUS]


def explanations(run: Mapping) -> pd.DataFrame:
    """Most helpful and most harmful training points of test points: explanations.csv.

    Raises:
        KeyError: one sentence, when the run has none.
    """
    return run[EXPLANATIONS]


def seed_name(name: str, subgroup_names) -> str:
    """What the settings call what a group grew from, by its `seed_name` in groups.h5: "17 + left".

    Args:
        subgroup_names: of the data, in the order of their numbers.
    """
    parts = (re.fullmatch(r"subgroup (\d+)|(.*)", part) for part in name.split(" + "))
    return " + ".join(part[2] if part[1] is None else str(subgroup_names[int(part[1])]) for part in parts)


def _numbers(run: Mapping, n: int) -> dict[str, np.ndarray]:
    """Columns of the training points that other files than the data set and the network have."""
    found = {}
    if INFLUENCE in run:
        file = run[INFLUENCE]
        found |= {name: file[name] for name in (influence_file.SELF_INFLUENCE, influence_file.STEP_NORM)}
    if PARTITION in run:
        file = run[PARTITION]
        found |= {f"part_{method}": file[f"{method}/{partition_file.LABELS}"] for method in partition_methods(file)}
    for name in run:
        method = name.removeprefix(SCORES).removesuffix(".h5")
        if name.startswith(SCORES) and "/" not in method and {POINTS, INDEX} <= set(run[name]):
            scores = np.full(n, np.nan)
            scores[run[name][INDEX]] = run[name][POINTS]
            found[f"score_{method}"] = scores
    return found


def _named(names, numbers: np.ndarray) -> np.ndarray:
    return np.asarray([str(name) for name in names], dtype=object)[numbers]
