"""Sentences of docs/results.md say what the tables have: each is written here again from the tables' numbers."""

from words_of_results import says, value
from writing import results


def test_what_newton_s_step_misses_of_the_last_layer():
    of = {"truth": "mean test loss"}
    rank = value("last-layer-groups", "spearman", sets="100 coherent groups", method="newton", **of)
    says(f"by {0.95 - rank:.2f} ({rank:.3f})")
    sets = ("100 random groups", "100 coherent groups")
    ratios = [value("last-layer-groups", "ratio", sets=each, method="newton re-evaluated", **of) for each in sets]
    says(f"a ratio of 0.9 to 1.1 ({ratios[0]:.2f} and {ratios[1]:.2f})")
    for truth in ("mean loss of the group", "loss of each test point"):
        for each in sets:
            assert value("last-layer-groups", "spearman", sets=each, method="newton", truth=truth) >= 0.95
            at = {"sets": each, "method": "newton re-evaluated", "truth": truth}
            assert 0.9 <= value("last-layer-groups", "ratio", **at) <= 1.1


def test_what_the_untrained_network_keeps():
    def score(method: str, model: str = "mlp-l2") -> float:
        return value("lds", "lds", dataset="toy", model=model, truth="fixed", alpha="0.5", method=method)

    each = [
        f"{score(f'{name}-untrained'):.2f} of {score(name):.2f}" for name in ("gauss-newton", "trak", "kfac", "ekfac")
    ]
    says(f"about half ({each[0]}, {each[1]}), K-FAC and EK-FAC ({each[2]}, {each[3]})")
    names = ("gauss-newton", "kfac", "ekfac", "trak", "last-layer")
    kept = [score(f"{name}-untrained", model) for name in names for model in ("mlp-plain", "mlp-dropout")]
    near = [score("embedding-cosine-untrained", model) for model in ("mlp-plain", "mlp-dropout")]
    says(f"they keep {min(kept):.2f} to {max(kept):.2f}, the embedding {min(near):.2f} to {max(near):.2f}: ")
    says(f"below them with dropout ({score('trak', 'mlp-dropout'):.2f})")


def test_the_damping_that_the_trajectory_chooses():
    found = {}
    for row in results.read("damping-modes"):
        found.setdefault((row["model"], row["alpha"]), {})[row["mode"]] = row
    says("It chooses the same three, or ten where nothing between is told apart, and scores the same")
    assert {float(modes["trajectory"]["multiple"]) for modes in found.values()} == {3.162, 10}
    assert all(
        abs(float(modes["trajectory"]["lds"]) - float(modes["kernel"]["lds"])) < 0.005 for modes in found.values()
    )


def test_small_shares():
    exact, damped = (
        [value("lds-small-shares", "lds", alpha=alpha, method=method) for alpha in ("0.1", "0.5")]
        for method in ("metagradient-smooth", "gauss-newton")
    )
    says(f"it has {exact[0]:.2f}, no more than damped Gauss-Newton influence, {damped[0]:.2f}.")
    assert exact[0] <= damped[0] and exact[1] > damped[1]
    others = {row["method"] for row in results.read("lds-small-shares")} - {"metagradient-smooth"}
    for method in others:
        few, half = (value("lds-small-shares", "lds", alpha=alpha, method=method) for alpha in ("0.1", "0.5"))
        assert abs(few - half) < 0.1


def test_noise_floors():
    of = {"dataset": "toy", "model": "mlp-dropout", "truth": "averaged"}
    says(f"a perfect method would have {value('lds', 'lds', alpha='0.5', method='noise-floor-root', **of):.2f}).")
    says(f"of `mlp-dropout` at 0.75 it is {value('lds', 'lds', alpha='0.75', method='noise-floor', **of):.2f}, of 300")
    of = {"dataset": "cifar10-truth", "truth": "averaged", "alpha": "0.5"}
    for model, sentence in (
        ("cnn", "TRAK's kernel over ten trainings has {:.2f}, where a perfect method would have {:.2f} ({:.2f} to "
                "{:.2f})"),
        ("cnn-smooth", "TRAK over ten trainings {:.2f}, Gauss-Newton 0.74, TRAK 0.71, the damped last layer 0.64 (a "
                       "perfect method {:.2f}, {:.2f} to {:.2f})"),
    ):  # fmt: skip
        of["model"] = model
        perfect = [value("lds", end, method="noise-floor-root", **of) for end in ("lds", "low", "high")]
        says(sentence.format(value("lds", "lds", method="trak-10", **of), *perfect))
        rows = [row for row in results.read("lds") if all(row[key] == one for key, one in of.items())]
        nothing = [float(row["lds"]) for row in rows if row["method"].endswith("-untrained")]
        assert len(nothing) == {"cnn": 7, "cnn-smooth": 6}[model]
        says(
            f"networks that learned nothing {max(nothing):.2f} at most"
            if model == "cnn"
            else f"the derivative 0.49, and networks that learned nothing {max(nothing):.2f} at most."
        )


def test_what_is_said_of_the_damping_of_the_last_layer_and_of_all_layers():
    def lifted(model: str) -> str:
        of = {"dataset": "toy", "model": model, "truth": "fixed", "alpha": "0.5"}
        return " to ".join(f"{value('lds', 'lds', method=m, **of):.2f}" for m in ("last-layer", "last-layer-damped"))

    says(f"from {lifted('mlp-dropout')} with dropout and from {lifted('mlp-plain')} with `mlp-plain`")
    says(f"With `mlp-l2`, from {lifted('mlp-l2')}, two things change")
    scores = [float(row["lds"]) for row in results.read("ridges") if row["model"] == "mlp-l2"]
    says(f"no damping gives more than {max(scores):.2f} (below); points")
    one = {"dataset": "toy", "model": "mlp-l2", "truth": "fixed", "method": "source"}
    low, high = (value("leave-one-out", end, **one) for end in ("low", "high"))
    says(f"0.003 of single points; its interval, {low:.3f} to {high:.3f}, holds what was asked")
    assert round(0.62 - value("leave-one-out", "spearman", **one), 3) == 0.003 and low < 0.62 < high


def test_derivatives_at_subsets():
    def scores(method: str, model: str, name: str = "lds", **of: str) -> str:
        of |= {"dataset": "toy", "truth": "fixed", "method": method} if name == "lds" else {}
        return " / ".join(f"{value(name, 'lds', model=model, alpha=a, **of):.2f}" for a in ("0.5", "0.75", "0.9"))

    dropout, plain, smooth = "mlp-dropout", "mlp-plain", "mlp-l2"
    ours = scores("metagradient-subsets", dropout)
    says(f"`mlp-dropout` {ours}, where one derivative has {scores('metagradient', dropout)}")
    says(f"the mean of derivatives at random subsets is ahead, {ours} with dropout")
    others = {row["method"] for row in results.read("lds") if row["model"] == dropout and row["truth"] == "fixed"}
    others = [name for name in others if name != "metagradient-subsets"]
    best = [max(float(scores(name, dropout).split(" / ")[place]) for name in others) for place in range(3)]
    says(f"the best other method {' / '.join(f'{score:.2f}' for score in best)}.")
    halves = scores("", plain, "derivatives-at-subsets", kept="0.5", networks="20")
    ours = scores("metagradient-subsets", plain)
    says(f"{ours} with the subsets of three quarters that the settings have, and {halves}")
    says(f"with halves, where one derivative has {scores('metagradient', plain)}.")
    says(f"`mlp-l2` {scores('metagradient-subsets', smooth)} for {scores('metagradient', smooth)}, where "
         f"`metagradient-smooth` has {scores('metagradient-smooth', smooth)}.")  # fmt: skip
    for model in (dropout, plain):
        shown = scores("", model, "derivatives-at-subsets", kept="0.75", networks="20")
        assert shown == scores("metagradient-subsets", model)


def test_what_a_fixed_truth_can_be_known_to():
    def found(model: str, column: str) -> list[float]:
        return [value("rounding", column, model=model, truth=f"fixed-alpha{alpha}") for alpha in ("0.5", "0.9")]

    half, tenth = found("cnn", "spearman")
    says(f"rank the subsets alike at {tenth:.2f}, where half leaves at {half:.2f}")
    says(f"would have the root, {tenth**0.5:.2f} and {half**0.5:.2f}")
    says("agree at {:.2f} where half and at {:.2f} where a tenth leaves".format(*found("cnn-elu", "spearman")))
    moved = sorted(found("cnn-elu", "change"))
    says(f"one image is not: a rounding moves its margins by {moved[0]:.2f} to {moved[1]:.2f}.")
    toy = [float(row["spearman"]) for row in results.read("rounding") if row["dataset"] == "toy"]
    assert min(toy) > 0.995


def test_test_points_are_placed_as_by_thousands_of_retrained_subsets():
    def alike(method: str, subsets: str = "5000") -> float:
        return value("embeddings", "agreement", dataset="toy", method=method, subsets=subsets)

    says(
        f"5 000 retrained subsets do ({alike('metagradient-smooth'):.2f}; two sets of 1 600 other subsets "
        f"{alike('noise-floor', '1600'):.2f})"
    )
    near = [alike(name) for name in ("kfac", "ekfac", "metagradient", "tracin")]
    says(f"nearly so ({min(near):.2f} to {max(near):.2f})")
    says("SOURCE less ({:.2f} and {:.2f}), TRAK {:.2f}".format(*map(alike, ("gauss-newton", "source", "trak"))))
    last, inputs, untrained = map(alike, ("last-layer", "input-euclidean", "last-layer-untrained"))
    says(
        f"({last:.2f}), is no nearer to them than the inputs ({inputs:.2f}) or the last layer of an untrained network "
        f"({untrained:.2f})"
    )
    assert last - inputs < 0.01 and last < untrained
    few = [alike("noise-floor", count) for count in ("50", "100", "400", "800")]
    says("Two sets of 50 subsets agree at {:.2f}, of 100 at {:.2f}, of 400 at {:.2f}".format(*few))
    assert few[-1] > 0.995


def test_what_is_taken_away_of_two_more_recipes():
    def fall(method: str, points: str, model: str) -> str:
        return f"{value('brittleness', 'change', model=model, method=method, points=points):.2f}"

    dropout, plain = "mlp-dropout", "mlp-plain"
    pairs = {name: [fall(name, points, dropout) for points in ("16", "53")]
             for name in ("metagradient-subsets", "metagradient", "input-euclidean")}  # fmt: skip
    ours, derivative, inputs = (" and ".join(found) for found in pairs.values())
    says(f"most for 16 and 53 points ({ours}; the derivative at all points {derivative}, the nearest inputs {inputs})")
    says(f"({fall('input-euclidean', '106', dropout)} for {fall('metagradient-subsets', '106', dropout)})")
    assert all(float(fall(name, "5", dropout)) > 0 for name in ("gauss-newton", "trak", "last-layer-damped"))
    methods = {row["method"] for row in results.read("brittleness") if row["model"] == dropout}
    for points in ("16", "53"):
        lowest = min(methods, key=lambda name, points=points: float(fall(name, points, dropout)))
        assert lowest == "metagradient-subsets"
    first = [fall(name, "5", plain) for name in ("metagradient-subsets", "metagradient", "trak")]
    says(f"know the first 5 best ({first[0]} and {first[1]}, TRAK {first[2]})")
    of = [
        " and ".join(fall(name, points, plain) for points in ("53", "106")) for name in ("trak", "metagradient-subsets")
    ]
    says(f"counts together ({of[0]}; {of[1]})")


def test_wrong_labels_by_a_network_that_learned_nothing():
    def first(score: str) -> str:
        return f"{value('inspection', 'first 10 %', score=score):.2f}"

    nothing, trained = (first(f"neighbours with another label{end}") for end in (", untrained network", ""))
    says(f"a network that learned nothing finds {nothing} by its neighbours, where the trained one finds {trained}")
    others = [first(f"{score}, untrained network") for score in ("margin of the label", "self-influence")]
    says(f"by the margin and self-influence what chance does ({others[0]} and {others[1]})")
    assert set(others) == {first("random")}
