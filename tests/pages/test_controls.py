"""Every table of a judge has its controls: chance, the inputs, the embedding, and an untrained network."""

import pytest

from words_of_results import says, value
from writing import results

# what a name must have in it to be this control
CONTROLS = {
    "chance": ("random", "chance"),
    "inputs": ("input", "pixel"),
    "embedding": ("embedding", "neighbours with another label"),
    "untrained network": ("untrained", "random weights"),
}
# columns that name a method, and those that tell apart what is judged; what a table has beside
NAMES = ("method", "score")
BLOCKS = ("dataset", "model", "truth", "alpha", "criterion")
MORE = {"agreement": ("trainings",)}
# tables of methods that judge none, or stand beside a table that has the controls
NOT_JUDGED = {
    "memory": "what methods cost",
    "toy-claim-values": "what the report claims; its methods stand in toy-clusters",
    "toy-fresh-turning": "where groups turn",
    "near-duplicates-differences": "differences with the controls of near-duplicates",
    "derivatives-at-subsets": "one method, whose controls stand in lds",
}
# what a block has not: of the labels two halves were trained, and untrained networks were compared over seeds alone
NONE = {
    ("labels", "cifar10 resnet-short flipped-10"): "embedding",
    ("agreement", "`cnn` and `resnet-short`"): "untrained network",
}


def blocks() -> list:
    """(table, block, names in it) of every table that judges methods."""
    found = {}
    for name in results.tables():
        rows = results.read(name)
        (column,) = [key for key in NAMES if key in rows[0]][:1] or [None]
        if name in NOT_JUDGED or column is None:
            continue
        for row in rows:
            block = tuple(row[key] for key in (*BLOCKS, *MORE.get(name, ())) if key in row)
            # networks have a column of their own where all methods are asked of each
            found.setdefault((name, block), set()).update((row[column], row.get("network", "")))
    return [pytest.param(name, " ".join(block), names, id=f"{name} {block}") for (name, block), names in found.items()]


@pytest.mark.parametrize(("table", "block", "names"), blocks())
def test_a_table_of_a_judge_has_every_control(table, block, names):
    missing = [
        control for control, parts in CONTROLS.items()
        if control != NONE.get((table, block)) and not any(part in name for name in names for part in parts)
    ]  # fmt: skip
    assert not missing, f"docs/results/{table}.csv has no {', '.join(missing)} beside {', '.join(sorted(names))}"


def test_what_knows_no_gradient_of_single_points():
    def rank(method: str) -> float:
        return value("leave-one-out-1000-subsets", "spearman", method=method)

    last, embedding, inputs, untrained = map(
        rank, ("last-layer", "embedding-cosine", "input-euclidean", "last-layer-untrained")
    )
    says(
        f"({last:.2f}) ranks no better than what knows no gradient: the cosine of its embedding {embedding:.2f}, the "
        f"distance of the inputs {inputs:.2f}, the last layer of a network that learned nothing {untrained:.2f}."
    )
    assert min(embedding, inputs) > last
    whole = (f"{rank(name):.2f}" for name in ("gauss-newton", "gauss-newton-untrained"))
    says("Gauss-Newton of all layers ({}) does, its untrained twin has {}.".format(*whole))


def test_what_leaves_near_the_target():
    def rank(method: str, truth: str = "mean loss of the group") -> float:
        return value("last-layer-groups", "spearman", method=method, truth=truth, sets="100 coherent groups")

    names = ("embedding-cosine", "input-euclidean", "random")
    says("{:.2f} (cosine), {:.2f} (distance) and {:.2f} (random), and single".format(*map(rank, names)))
    single = [rank(name, "loss of each test point") for name in names]
    says(f"single test points not at all ({max(map(abs, single)):.2f} at most)")
    assert max(map(abs, single)) < 0.02


def test_random_weights_destroy_what_follows_the_training():
    def score(method: str, network: str = "trained") -> float:
        return value("randomised", "mean", method=method, network=network)

    names = ("metagradient-smooth", "metagradient", "source", "tracin")
    assert all(score(name, "random weights") == 0 for name in names)
    says("by definition 0: {:.2f}, {:.2f}, {:.2f} and {:.2f} on the trained network)".format(*map(score, names)))


def test_labels_that_people_gave_otherwise():
    def found(method: str, model: str = "cnn-short", column: str = "found_first_10_percent") -> float:
        return value("labels", column, dataset="cifar10", model=model, truth="human", method=method)

    low, high = (found("loss-untrained", column=end) for end in ("found_low", "found_high"))
    own = sorted(found("self-influence", model) for model in ("cnn", "cnn-short"))
    near = [found(f"{name}") for name in ("embedding-neighbours-untrained", "input-neighbours")]
    says(
        f"A network that learned nothing has {found('loss-untrained'):.2f} ({low:.2f} to {high:.2f}) of them there by "
        f"its loss and {found('self-influence-untrained'):.2f} by self-influence, where the trained ones have "
        f"{own[0]:.2f} and {own[1]:.2f}, neighbours in its embedding {near[0]:.2f} and in the inputs {near[1]:.2f}."
    )


def test_a_network_that_took_no_step_fills_the_cluster_as_well():
    rows = results.read("toy-clusters")
    ends = lambda name: [float(row[key]) for row in rows if row["method"] == name for key in ("smallest", "largest")]  # noqa: E731
    rules = ends("l-relative-untrained") + ends("theta-relative-untrained")
    embedding = ends("embedding-cosine-untrained")
    fresh = {
        row["method"]: [float(row[f"seed_{seed}"]) for seed in range(5, 15)] for row in results.read("toy-fresh-seeds")
    }
    assert min(fresh["l-relative-untrained"] + fresh["theta-relative-untrained"]) >= min(rules)
    assert (
        min(embedding)
        <= min(fresh["embedding-cosine-untrained"])
        <= max(fresh["embedding-cosine-untrained"])
        <= max(embedding)
    )
    says(f"{min(rules):.2f} to {max(rules):.2f} by either relative rule, with every recipe and on the ten fresh seeds")
    says(f"its bare embedding has {min(embedding):.2f} to {max(embedding):.2f}. So what")


def test_the_number_of_parts_is_told_by_a_network_that_took_no_step():
    def parts(method: str) -> list[str]:
        rows = [
            row for row in results.read("number-of-parts") if row["criterion"] == "removal" and row["method"] == method
        ]
        return [number for row in rows for number in row["parts"].split("/")]

    gradients, last = map(parts, ("network-gradient-dot-unit-untrained", "l-relative-untrained"))
    assert len(gradients) == 6 and gradients.count("4") == 5 and gradients.count("3") == 1 and last.count("4") == 4
    of = {"criterion": "removal", "method": "network-gradient-dot-unit-untrained"}
    found = [value("number-of-parts", "ari", geometry=shape, **of) for shape in ("unequal", "rings")]
    says("five of six trainings and three in the sixth, with a median agreement of {:.2f} and {:.2f}".format(*found))


def test_wrong_labels_of_all_images_by_networks_that_learned_nothing():
    names = ("embedding-neighbours-untrained", "loss-untrained", "self-influence-untrained", "input-neighbours")
    found = [value("labels", "found_first_10_percent", model="resnet-short", method=name) for name in names]
    says(
        "neighbours in the embedding have {:.2f}, loss {:.2f} and self-influence {:.2f}, neighbours in the inputs "
        "{:.2f};".format(*found)
    )


def test_controls_of_flipped_labels_and_of_hidden_classes():
    pixels = value("inspection", "first 10 %", score="neighbours of the inputs with another label")
    says(f"Neighbours by pixels find as much as those of the network that learned nothing, {pixels:.2f}.")
    held = lambda method: value(  # noqa: E731
        "stop-conditions-hidden", "share_of_first", dataset="hidden-digits", condition="turn", method=method
    )
    names = (
        "network-gradient-dot-unit",
        "input-euclidean",
        "network-gradient-dot-unit-untrained",
        "embedding-euclidean",
    )
    says(
        "({:.2f} and {:.2f} of the first members; those of the untrained network {:.2f}, the embedding {:.2f})".format(
            *map(held, names)
        )
    )


def test_test_images_are_placed_as_well_by_a_network_that_learned_nothing():
    def alike(method: str, subsets: str = "200", column: str = "unit") -> float:
        return value("embeddings", column, dataset="cifar10-truth", method=method, subsets=subsets)

    floor, trak, newton = alike("noise-floor", "100"), alike("trak"), alike("gauss-newton")
    says(f"two sets of 100 agree at {floor:.2f}, and TRAK has {trak:.2f} beside {newton:.2f} of Gauss-Newton.")
    assert f"{alike('trak', column='agreement'):.2f}" == "-0.12"
    nothing = [alike(f"{name}-untrained") for name in ("gauss-newton", "last-layer", "trak")]
    says("Gauss-Newton {:.2f}, its last layer {:.2f}, TRAK {:.2f}, where the trained".format(*nothing))
    says(f"last layer has {alike('last-layer'):.2f} and inputs {alike('input-euclidean'):.2f}:")


def test_what_images_say_before_the_first_step():
    def ends(model: str, method: str, data: str = "cifar10-border") -> list[float]:
        rows = [row for row in results.read("border") if (row["dataset"], row["model"]) == (data, model)]
        found = sorted(float(row["lds"]) for row in rows if row["method"] == method)
        assert len(found) == 4
        return [found[0], found[-1]]

    fewer, untrained = "cifar10-border-500", "gauss-newton-untrained"
    shown = [ends("cnn-smooth", untrained, fewer), ends("cnn-smooth", "gauss-newton", fewer)]
    assert shown[0][0] > shown[1][1]
    shown += [ends("cnn-smooth", untrained), ends("cnn-smooth", "gauss-newton")]
    shown += [ends("cnn-elu", untrained), ends("cnn-smooth-fast", untrained)]
    says(
        "has {:.2f} to {:.2f} on 500 images of `cnn-smooth`, above that of the trained network ({:.2f} to {:.2f}), "
        "{:.2f} to {:.2f} on 1 000 (trained {:.2f} to {:.2f}), {:.2f} to {:.2f} of `cnn-elu`, {:.2f} to {:.2f} of "
        "`cnn-smooth-fast`,".format(*(end for pair in shown for end in pair))
    )
    of = {"dataset": "cifar10-border", "model": "cnn", "method": untrained}
    half, tenth = (value("border", "lds", alpha=alpha, **of) for alpha in ("0.5", "0.9"))
    says(f"and of `cnn` {half:.2f} at a half and {tenth:.2f} at most beyond.")
    last = ends("cnn-smooth", "last-layer-untrained") + ends("cnn-smooth", "last-layer")
    says("before the training ({:.2f} to {:.2f}) than after it ({:.2f} to {:.2f})".format(*last))
    derivative = ends("cnn-smooth", "metagradient") + ends("cnn-smooth", "metagradient", fewer)
    says(f"the derivative's {min(derivative):.2f} to {max(derivative):.2f} is above it")
    names = ("input-euclidean", "embedding-cosine", "random")
    rows = [row for row in results.read("border") if row["dataset"].startswith("cifar10") and row["method"] in names]
    says(f"Inputs, embeddings and chance have {max(float(row['lds']) for row in rows):.2f} at most.")
