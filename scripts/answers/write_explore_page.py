"""explore.html: one self-contained page of a run, of its training points, explanations, groups and labels."""

from attribution.runtime import job

job.begin()

from pathlib import Path

import numpy as np
from sklearn.metrics import recall_score

from attribution.data import own_rows
from attribution.explore import chosen as draw
from attribution.explore import content, maps, page, samples, sheets
from attribution.files import atomic
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import (
    FEATURES_TRAIN,
    LOGITS_TEST,
    LOGITS_TRAIN,
    RESIDUALS_TRAIN,
)
from attribution.files.results.influence import SELF_INFLUENCE
from attribution.influence import inverse_files
from attribution.results import folder, tables

SUSPICIOUS, EXPLANATIONS = "suspicious.csv", "explanations.csv"


def write_explore_page(files: dict, template: list[str], settings: dict, path: str) -> None:
    """Write explore.html.

    Args:
        files: `data`, `gradients`, `hessian`, `influence`, `suspicious` and `explanations` of the run, and `shown`,
            further results of it: groups, parts and their removals, attributions, datamodels.
        template: files of the page, see `page.render`. settings: `points` of the page, `listed` labels by each method,
            `central` members of a sheet, `alike` neighbours of a point, `seed`.
    """
    own = [file for name, file in files.items() if name not in ("shown", "template")]
    run = folder.of_files(
        Path(path).parent, own + ([files["shown"]] if isinstance(files["shown"], str) else files["shown"])
    )
    data, gradients = run["data.h5"], run["gradients.h5"]
    classes = [str(name) for name in data.attributes["class_names"]]
    labels, tested = data[Y_TRAIN], data[Y_TEST]
    own, own_test = (own_rows.of(data.path, part) for part in own_rows.PARTS)
    logits, logits_test = gradients[LOGITS_TRAIN], gradients[LOGITS_TEST]
    predictions, margins = tables.predictions(logits), tables.margins(logits, labels)
    suspicious, explanations = run[SUSPICIOUS], run[EXPLANATIONS]
    n = len(labels)

    explained = content.explained(
        explanations,
        content.positions(own.rows, explanations["row"], EXPLANATIONS),
        content.positions(own_test.rows, explanations["target_row"], EXPLANATIONS),
    )
    of_table = content.positions(own.rows, suspicious["row"], SUSPICIOUS)
    methods = content.suspicion_methods(suspicious)
    ranks = {name: np.full(n, np.nan) for name in methods}
    for name in methods:
        ranks[name][of_table] = suspicious[f"rank_{name}"].to_numpy(dtype=float)
    listed = content.most_suspicious(suspicious, settings["listed"])
    listed_index = of_table[listed.index]
    sheet_list = sheets.of_groups(run, own, labels, classes, settings["central"])
    sheet_list += sheets.of_parts(run, labels, classes, settings["central"])

    named = [listed_index, *(sheet["central"] for sheet in sheet_list)]
    named += [[point for ends in target["methods"].values() for end in ends.values() for point, _ in end]
              for target in explained]  # fmt: skip
    chosen = draw.choose(labels, named, settings["points"], settings["seed"])
    place = np.full(n, -1)
    place[chosen] = np.arange(len(chosen))
    self_influence = run["influence.h5"][SELF_INFLUENCE]
    found, alike, closeness = _maps(run, files, chosen, self_influence, settings)
    x, tests = data.rows(X_TRAIN, chosen), [target["index"] for target in explained]
    x_test = data.rows(X_TEST, tests)

    for target in explained:
        target["methods"] = {
            method: {end: [[int(place[point]), value] for point, value in pairs] for end, pairs in ends.items()}
            for method, ends in target["methods"].items()
        }
    colours = content.colourings(classes, labels, predictions, self_influence, ranks, sheet_list, chosen, n)
    for sheet in sheet_list:
        sheet["central"] = place[sheet["central"]]
        del sheet["members"]
    # names of the inputs, of a table
    images, columns = samples.is_images(x), data.attributes.get("columns")
    words = samples.texts(x, _items(data.path, "train", chosen), columns)
    words_test = samples.texts(x_test, _items(data.path, "test", tests), columns)
    shown = {
        "title": _title(run),
        "facts": _facts(n, labels, predictions, tested, tables.predictions(logits_test), chosen, classes),
        "classes": classes,
        "count": n,
        "sheet": samples.sheets(np.concatenate([x, x_test])) if images else None,
        "points": content.points(chosen, own, labels, predictions, margins, ranks) | {
            "text": words, "self_influence": self_influence[chosen],
        },
        "targets": [target | {"picture": len(chosen) + number, "text": text} for number, (target, text) in
                    enumerate(zip(explained, words_test, strict=True))],
        "maps": content.placed(found),
        "colours": colours,
        "alike": {"points": alike, "cosines": closeness},
        "sheets": sheet_list,
        "labels": {
            "methods": methods, "points": place[listed_index], "suggested": list(listed["suggested"]),
            "scores": {name: listed[f"score_{name}"].to_numpy() for name in methods},
            "ranks": {name: listed[f"rank_{name}"].to_numpy(dtype=float) for name in methods},
            "listed": settings["listed"],
        },
    }  # fmt: skip
    written = page.render(template, shown["title"], shown, {SUSPICIOUS: run.files[SUSPICIOUS].read_bytes()})
    with atomic.replacing(path) as temporary:
        temporary.write_text(written, encoding="utf-8")
    print(f"{len(chosen)} of {n} training points, {len(written.encode()) / 1e6:.1f} MB")


def _maps(run, files: dict, chosen: np.ndarray, own: np.ndarray, settings: dict) -> tuple:
    """Maps of the points, and which are most alike by whitened gradients, or without a factored Hessian by the cosine
    of embeddings."""
    data, gradients, seed = run["data.h5"], run["gradients.h5"], settings["seed"]
    features = gradients.rows(FEATURES_TRAIN, chosen).astype(np.float64)
    embedding, found = features[:, :-1], []
    if inverse_files.is_exact(files):
        residuals = gradients.rows(RESIDUALS_TRAIN, chosen)
        kernel = maps.cosines(features, residuals, own[chosen], inverse_files.open_inverse(files, {}))
        found.append(maps.of_kernel("whitened gradients of the last layer", kernel, seed))
    else:
        length = np.linalg.norm(embedding, axis=1, keepdims=True)
        scaled = embedding / np.where(length > 0, length, 1)
        kernel = scaled @ scaled.T
    found.append(maps.of_vectors("embedding, the input of the last layer", embedding, seed))
    for name in run:
        if name.startswith("attributions/"):
            method = name.removeprefix("attributions/").removesuffix(".h5")
            found.append(maps.of_vectors(f"what {method} says of test points", run[name]["pairs"][:, chosen].T, seed))
        if name.startswith("datamodels/"):
            found.append(maps.of_vectors(f"datamodels, {Path(name).stem}", run[name]["weights"][:, chosen].T, seed))
    x = data.rows(X_TRAIN, chosen[:1])
    if x[0].size == 2:
        found.insert(0, maps.of_vectors("the plane of the data", data.rows(X_TRAIN, chosen), seed))
    return found, *maps.alike(kernel, settings["alike"])


def _items(path, part: str, index) -> np.ndarray | None:
    found = own_rows.items(path, part)
    return None if found is None else found[np.asarray(index, dtype=np.int64)]


def _title(run) -> str:
    facts = run["gradients.h5"].attributes
    names = dict.fromkeys((facts["dataset"], facts["model"]))
    return f"{', '.join(names)}, seed {facts['seed']}"


def _facts(n, labels, predictions, tested, predicted, chosen, classes) -> list[list[str]]:
    """Words and values of the page's head."""
    facts = [
        ["training points", f"{n:,}"], ["test points", f"{len(tested):,}"], ["classes", str(len(classes))],
        ["accuracy, training", f"{(labels == predictions).mean():.1%}"],
        ["accuracy, test", f"{(tested == predicted).mean():.1%}"],
        ["balanced", f"{recall_score(tested, predicted, labels=np.unique(tested), average='macro'):.1%}"],
    ]  # fmt: skip
    if len(chosen) < n:
        facts.append(["on this page", f"{len(chosen):,} points"])
    return facts


job.run(write_explore_page)
