"""The studies of images on a tiny archive: every target, figure and table, and what they show."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import yaml

import gather_retrieval
import plot_near_duplicates
from archives import NAMES, write_archive
from attribution.data import cifar10, download, variants
from attribution.drawing import images as pictures
from attribution.drawing.intervals import verdict
from attribution.files import hdf5
from attribution.files.results.data import INDEX_TRAIN, INJECTED_PAIRS, Y_TRAIN
from attribution.files.results.groups import MEMBERS, SEEDS
from attribution.files.results.influence import INFLUENCE
from attribution.files.results.influence import TARGETS as INFLUENCE_ROWS
from attribution.groups import growth_path
from attribution.influence import points as influence
from attribution.settings import datasets
from helpers import ROOT

pytestmark = pytest.mark.slow

POINTS, PAIRS = 200, 12
RUN = Path("results/tiny/cnn/seed0")
TARGETS = (
    "cifar10_cnn", "near_duplicates", "near_duplicates_seeds", "results/figures/near-duplicates/agreement.png",
    str(RUN / "near_duplicates.csv"),
)  # fmt: skip
STUDY = {
    "dataset": "tiny", "model": "cnn", "seed": 0, "scope": "last_layer",
    "groups": {"rule": "l-relative", "seeds": [{"each_class": 1, "seed": 0}], "size": 12},
    "influence": {"targets": ["airplane", "cat", 5]},
}  # fmt: skip


def images_of(labels, rng):
    """Images of 8 x 8 blocks of pixels that differ by class, with noise."""
    templates = np.random.default_rng(7).integers(40, 200, (10, 3, 8, 8))
    blocks = templates[labels] + rng.integers(-30, 30, (len(labels), 3, 8, 8))
    return np.repeat(np.repeat(blocks.clip(0, 255).astype(np.uint8), 4, axis=2), 4, axis=3)


def snakemake(folder, *arguments):
    command = [Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", "--workflow-profile",
               ROOT / "profiles/default", "--configfile", "tiny.yaml", "--cores", "2", *arguments]  # fmt: skip
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """All targets on 200 images, with test images that nearly repeat some of them."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    labels = np.arange(cifar10.BATCH) % 10
    batches = [images_of(labels, rng) for _ in NAMES]
    train = np.tile(labels, len(cifar10.TRAIN))
    # the subset does not depend on the pairs, so pairs can be made of it
    drawn = variants.stratified(train, POINTS, np.random.default_rng(0).spawn(5)[0], datasets.CIFAR10_CLASSES)
    pairs = []
    for i, row in enumerate(drawn[: 16 * PAIRS : 16]):
        test = 10 * i + int(train[row])
        copy = batches[row // cifar10.BATCH][row % cifar10.BATCH].astype(int) + rng.integers(-1, 2, (3, 32, 32))
        batches[-1][test] = copy.clip(0, 255)
        pairs.append(f"{test},{row}")
    members = {
        name: np.concatenate([labels[:, None].astype(np.uint8), batch.reshape(len(batch), -1)], axis=1).tobytes()
        for name, batch in zip(NAMES, batches, strict=True)
    }
    archive = write_archive(folder / "tiny.tar.gz", members)
    (folder / "pairs.csv").write_text("\n".join(["test_index,train_index", *pairs]) + "\n")
    config = {
        "studies": {
            "cifar10-cnn": STUDY,
            "near-duplicates": STUDY | {"seeds": [0, 1], "agreement": {"models": ["cnn"], "seeds": [0, 1]}},
        },
        "datasets": {
            "tiny": {
                "loader": "cifar10", "archive": "tiny.tar.gz",
                "digest": "sha256:" + download.file_digest(archive, "sha256"),
                "points": POINTS, "test_points": 100, "inject": "pairs.csv",
            }
        },
        "models": {"cnn": {"training": {"epochs": 6, "batch_size": 16}}},
        "influence": {"topk": {"size": 5}},
        "overlap": {"seeds": [{"each_class": 2, "seed": 1}], "size": 10},
        "retrieval": {"cutoffs": [1, 5], "resamples": 200},
        "figures": {"dpi": 50},
        # one of each kind; trak takes longer than all others
        "methods": {
            "suspicious": ["margin"],
            "explanations": ["last-layer", "embedding-cosine"],
            "retrieval": [
                "l-relative", "embedding-euclidean", "embedding-cosine", "pixel-euclidean",
                "convolution-cosine-same-class", "random", "embedding-cosine-untrained",
            ],
            "retrieval_groups": ["l-relative"],
        },
    }  # fmt: skip
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(folder, "--", *TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_figure_is_there_and_not_blank(finished):
    figures = sorted(
        path.relative_to(finished / "results/figures") for path in finished.rglob("results/figures/*/*.png")
    )
    assert {str(path) for path in figures} == {
        *(f"cifar10-cnn/{name}.png" for name in (
            "training-curves", "extreme-images", "11-groups", "11-groups-influence", "11-groups-theta-relative",
            "11-groups-minimum", "overlap", "confusion", "suspicious", "explanations")),
        *(f"near-duplicates/{name}.png" for name in (
            "training-curves", "12-near-duplicates", "retrieval", "retrieval-seeds", "agreement")),
    }  # fmt: skip
    for path in figures:
        pixels = matplotlib.image.imread(finished / "results/figures" / path)
        assert pixels[..., :3].std() > 0.02, path
        assert (finished / "results/figures" / path).with_suffix(".pdf").read_bytes().endswith(b"%%EOF\n")


def test_injected_copies_are_the_most_alike_pairs_sought_without_knowing_them(finished):
    table = pd.read_csv(finished / RUN / "near_duplicates.csv")
    known = pd.read_csv(finished / "pairs.csv")
    known = {frozenset((len(cifar10.TRAIN) * cifar10.BATCH + one, other)) for one, other in known.to_numpy()}
    for score in ("embedding-cosine", "l-relative", "convolution-cosine"):
        first = table[(table.score == score) & (table.of == "train") & (table["rank"] <= PAIRS)]
        found = {frozenset(pair) for pair in first[["row", "other_row"]].to_numpy()}
        # blocks of pixels of a class come near to copies in a small network
        assert len(found & known) >= (PAIRS if score == "convolution-cosine" else PAIRS // 2), score


def test_a_study_has_groups_and_targets_of_its_own(finished):
    (matrix,) = hdf5.read(finished / RUN / "influence.h5", INFLUENCE)
    assert matrix.shape == (3, POINTS + PAIRS)
    (y,) = hdf5.read(finished / "results/tiny/data.h5", Y_TRAIN)
    for variant, rule, direction in (
        ("", "l-relative", "max"), ("-influence", "influence", "max"), ("-minimum", "l-relative", "min"),
    ):  # fmt: skip
        with h5py.File(finished / RUN / f"groups{variant}.h5") as file:
            assert sorted(y[[int(seed) for seed in file]]) == list(range(10))
            for group in file.values():
                assert len(group[MEMBERS]) == 12
                assert (group.attrs["rule"], group.attrs["direction"]) == (rule, direction)


def test_near_copies_are_found_and_lists_are_ranked_by_their_own_measure(finished):
    table = pd.read_csv(finished / RUN / "retrieval.csv", keep_default_na=False)
    plain = table[table.baseline == ""].set_index(["method", "metric"])
    alike = ("pixel-euclidean", "embedding-cosine", "convolution-cosine-same-class")
    for method in (*alike, "l-relative-max", "group-l-relative-max"):
        assert plain.value[method, "recall@5"] == 1, method
    assert plain.value["l-relative-min", "recall@5"] == 0
    assert set(table.baseline) == {"", "embedding-cosine"}
    queries, partners, ranks, nearest = hdf5.read(
        finished / RUN / "retrieval.h5", "queries", "partners", "ranks/embedding-euclidean", "nearest"
    )
    index, found = hdf5.read(finished / "results/tiny/data.h5", INDEX_TRAIN, INJECTED_PAIRS)
    assert len(queries) == PAIRS and (index[queries] >= 50_000).all() and (index[partners] < 50_000).all()
    np.testing.assert_array_equal(np.stack([queries, partners], axis=1), found)
    for row in range(PAIRS):
        place = np.flatnonzero(nearest[row] == partners[row])
        assert nearest[row, 0] == queries[row] and place == [ranks[row]]


def test_overlap_has_every_method_and_seed(finished):
    rows = pd.read_csv(finished / RUN / "overlap.csv")
    assert rows.groupby("method").seed.nunique().to_dict() == {
        **dict.fromkeys(("influence", "objective", "theta-relative", "l-relative"), 20),
        **dict.fromkeys(("embedding-euclidean", "embedding-cosine", "input-euclidean"), 20),
        **dict.fromkeys(("l-relative-untrained", "embedding-cosine-untrained"), 20),
    }
    assert rows.value.between(0, 1).all()
    # nine members: shares are whole ninths
    np.testing.assert_allclose(rows.value * 9, (rows.value * 9).round(), atol=1e-9)
    mean = rows[rows.metric == "overlap-cosine"].groupby("method").value.mean()
    # by chance it would be 9 / 211
    assert mean["l-relative"] > 0.2


def test_agreement_is_that_of_the_groups_that_overlap_measures(finished):
    rows = pd.read_csv(finished / "results/near-duplicates/agreement.csv", keep_default_na=False)
    rows = rows[rows.baseline == ""].set_index(["method", "metric"])
    runs = [finished / f"results/tiny/cnn/seed{seed}/overlap.h5" for seed in (0, 1)]
    for method in ("influence", "l-relative", "embedding-cosine", "l-relative-untrained"):
        first, second = (hdf5.read(file, f"members/{method}")[0][:, 1:] for file in runs)
        shares = [len(set(a) & set(b)) / 9 for a, b in zip(first, second, strict=True)]
        assert len(shares) == 20 and rows.value[method, "overlap"] == pytest.approx(np.mean(shares))
    # the inputs are the same in every training
    assert rows.value["input-euclidean", "overlap"] == 1 > rows.value["l-relative-untrained", "overlap"]
    (y,) = hdf5.read(finished / "results/tiny/data.h5", Y_TRAIN)
    (seeds,) = hdf5.read(runs[0], SEEDS)
    others = np.array([(y == y[seed]).sum() - 1 for seed in seeds])
    assert rows.value["random-class", "overlap"] == pytest.approx((9 / others).mean())


def test_the_lists_stand_for_the_matrix(finished):
    matrix, targets = hdf5.read(finished / RUN / "influence.h5", INFLUENCE, INFLUENCE_ROWS)
    columns, values = hdf5.read(finished / RUN / "topk.h5", "helpful_train", "helpful_train_influence")
    assert columns.shape == (POINTS + PAIRS, 5)
    for row, target in enumerate(targets):
        others = np.delete(matrix[row], target)
        np.testing.assert_allclose(values[target], np.sort(others)[:-6:-1], rtol=1e-3, atol=1e-5 * np.abs(others).max())


def test_nothing_reruns_until_the_study_changes(finished):
    dry = ("-n", "--quiet", "rules", "--", *TARGETS)
    for path in finished.glob("*.*"):
        os.utime(path)
    done = snakemake(finished, *dry)
    assert "Nothing to be done" in done.stdout + done.stderr
    settings = (finished / "tiny.yaml").read_text()
    (finished / "tiny.yaml").write_text(settings.replace("size: 12", "size: 11"))
    done = snakemake(finished, *dry)
    (finished / "tiny.yaml").write_text(settings)
    jobs = {
        line.split()[0]
        for line in done.stdout.partition("Job stats:")[2].splitlines()
        if line.endswith(tuple("123456789"))
    }
    assert jobs == {"find_groups", "plot_image_groups", "cifar10_cnn", "total"}


def test_every_study_is_there_without_a_file_of_settings_and_with_the_old_one(tmp_path):
    for text in ("figures: {dpi: 50}\n", (ROOT / "config/cifar10.yaml").read_text()):
        (tmp_path / "tiny.yaml").write_text(text)
        done = snakemake(tmp_path, "-n", "--", "cifar10_cnn")
        assert done.returncode == 0 and "plot_extreme_images" in done.stdout + done.stderr


def test_influence_on_the_group_is_the_direct_sum():
    rng = np.random.default_rng(0)
    h, r = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    root = rng.normal(size=(6, 6))
    inverse = root @ root.T
    kernel = influence.all_pairs(h, r, h, r, lambda b: inverse @ b)
    members = np.array([5, 2, 7, 0])
    normalised = [kernel[np.ix_(members[:t], members[:t])].sum() / t for t in range(1, 5)]
    found = growth_path.influence_on_group(np.array(normalised), np.diag(kernel)[members])
    expected = [kernel[members[:t], members[t]].sum() for t in range(4)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_pictures_keep_order_and_refuse_what_is_no_image(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(24).reshape(6, 2, 2)
        wanted = np.array([4, 0, 5, 0])
        np.testing.assert_array_equal(pictures.rows_of(file["x"], wanted), file["x"][()][wanted])
    with pytest.raises(ValueError, match=r"data.h5 holds samples of shape \(16,\); this figure shows images"):
        pictures.require_images("data.h5", np.zeros((5, 16)))
    pictures.require_images("data.h5", np.zeros((5, 8, 8, 3)))


def test_the_image_with_most_and_closest_partners_is_shown():
    queries, distance = np.array([3, 8, 8, 9, 9, 1]), np.array([0.1, 2.0, 3.0, 1.5, 4.0, 0.0])
    assert plot_near_duplicates.shown_query(queries, distance) == 3


def test_the_verdict_says_whether_the_best_is_told_apart():
    columns = ["method", "metric", "value", "low", "high", "baseline"]
    rows = [["a-max", "mrr", 0.9, 0.8, 1.0, ""], ["base", "mrr", 0.7, 0.6, 0.8, ""]]
    for low, word in ((0.1, "ahead of"), (-0.1, "not told apart from")):
        table = pd.DataFrame([*rows, ["a-max", "mrr", 0.2, low, 0.3, "base"]], columns=columns)
        assert verdict(table, "mrr").startswith(f"mrr: a-max 0.90, {word} base 0.70 (difference 0.20")
    table = pd.DataFrame([rows[1], ["a-max", "mrr", 0.1, 0, 1, ""], ["a-max", "mrr", -0.6, -0.7, -0.5, "base"]],
                         columns=columns)  # fmt: skip
    assert verdict(table, "mrr") == "mrr: base is best, 0.70"


def test_outcomes_are_averaged_over_seeds_before_pairs_are_drawn(tmp_path):
    ranks = {"good": [[1, 1, 2, 1], [1, 2, 1, 1]], "base": [[1, 3, 9, 1], [1, 9, 9, 9]]}
    for seed in (0, 1):
        arrays = {"queries": np.arange(4), "partners": np.arange(4) + 4}
        hdf5.write(tmp_path / f"{seed}.h5", arrays | {f"ranks/{m}": np.array(r[seed]) for m, r in ranks.items()}, {})
    files = [str(tmp_path / f"{seed}.h5") for seed in (0, 1)]
    settings = {"cutoffs": [1], "resamples": 200, "level": 0.9, "seed": 0, "baseline": "base"}
    gather_retrieval.gather_retrieval(files, settings, tmp_path / "table.csv")
    table = pd.read_csv(tmp_path / "table.csv", keep_default_na=False).set_index(["method", "metric", "baseline"])
    plain, paired = table.loc["good", "recall@1", ""], table.loc["good", "recall@1", "base"]
    assert (plain.value, plain.smallest, plain.largest, plain.seeds) == (0.75, 0.75, 0.75, 2)
    assert (paired.value, paired.smallest, paired.largest) == (0.375, 0.25, 0.5)
    assert paired.low <= 0.375 <= paired.high
    hdf5.write(tmp_path / "1.h5", arrays | {"partners": np.arange(4), "ranks/good": np.ones(4)}, {})
    with pytest.raises(ValueError, match="holds other pairs than"):
        gather_retrieval.gather_retrieval(files, settings, tmp_path / "table.csv")
