"""Sentences of docs/results.md say what the tables have: each is written here again from the tables' numbers."""

import re
import statistics

from scipy.stats import t

from helpers import ROOT
from writing import results

PAGE = re.sub(r"\s+", " ", (ROOT / "docs/results.md").read_text())


def value(name: str, column: str, **of: str) -> float:
    """The number of the one row of a table that has these values."""
    (found,) = {row[column] for row in results.read(name) if all(row[key] == text for key, text in of.items())}
    return float(found)


def says(sentence: str) -> None:
    assert sentence in PAGE, sentence


def image(model: str, alpha: str, column: str = "lds") -> float:
    return value("border", column, dataset="cifar10-border", model=model, alpha=alpha, method="metagradient")


def test_the_border_of_images():
    says(f"at a half {image('cnn', '0.5'):.2f} of `cnn` and {image('cnn-smooth', '0.5'):.2f} of `cnn-smooth`")
    cnn, smooth = ([image(model, a, "metasmoothness") for a in ("0.5", "0.9")] for model in ("cnn", "cnn-smooth"))
    says(f"{cnn[0]:.2f} and {cnn[1]:.2f} for `cnn`, where unrelated trainings have -1/2, ")
    says(f"-1/2, {smooth[0]:.2f} and {smooth[1]:.2f} for `cnn-smooth`.")


def test_the_recipe_of_images_that_holds_and_keeps_its_accuracy():
    ours, usual = ([image(model, share) for share in ("0.5", "0.9", "0.97", "0.99")] for model in ("cnn-elu", "cnn"))
    assert min(ours) >= 0.7
    says("The derivative has {:.2f} at a half, {:.2f} where a tenth".format(*ours) + " and where 30 images leave")
    assert f"{ours[1]:.2f}" == f"{ours[2]:.2f}"
    says(f"and {ours[3]:.2f} where ten do, where `cnn` has {min(usual):.2f} to {max(usual):.2f}")
    controls = {True: [], False: []}
    for row in results.read("border"):
        if row["model"] == "cnn-elu" and row["method"] not in ("metagradient", "gauss-newton", "trak", "last-layer"):
            controls[row["method"].endswith("-untrained")].append(float(row["lds"]))
    says(f"untrained networks say is worth {max(controls[True]):.2f} at most, inputs, embedding and chance "
         f"{max(controls[False]):.2f}.")  # fmt: skip
    others = {name: [image(name, share) for share in ("0.5", "0.9")] for name in ("cnn-epsilon", "cnn-even")}
    says("`cnn-epsilon`, with ReLU, has {:.2f} and {:.2f}".format(*others["cnn-epsilon"]))
    says("(`cnn-even`) {:.2f} and {:.2f}".format(*others["cnn-even"]))
    of = {"dataset": "cifar10-border", "model": "cnn-epsilon"}
    for method, words in (
        ("metagradient-subsets", "at four subsets gives `cnn-epsilon` {:.2f} and {:.2f}"),
        ("metagradient-smooth", "softplus in the place of ReLU {:.2f} and {:.2f}"),
    ):
        says(words.format(*(value("border", "lds", method=method, alpha=share, **of) for share in ("0.5", "0.9"))))


def test_the_recipe_that_keeps_its_accuracy_on_2000_images():
    ours, others, untrained = {}, {}, {}
    for row in results.read("lds"):
        if (row["model"], row["truth"]) == ("cnn-elu", "fixed"):
            control = row["method"].endswith("-untrained")
            best = ours if row["method"] == "metagradient" else untrained if control else others
            best[row["alpha"]] = max(float(row["lds"]), best.get(row["alpha"], -1))

    def both(found: dict[str, float]) -> str:
        return f"{found['0.5']:.2f} and {found['0.9']:.2f}"

    says(f"the derivative ranks at {both(ours)}, where the best other method has {both(others)} and untrained networks")
    says(f"and untrained networks {both(untrained)}.")
    of = {"dataset": "cifar10-truth", "model": "cnn", "truth": "fixed", "method": "metagradient"}
    usual = [value("lds", "lds", alpha=alpha, **of) for alpha in ("0.9", "0.5")]
    says(f"a tenth leaves ({ours['0.9']:.2f}) and not at a half ({ours['0.5']:.2f}), where `cnn` has "
         f"{usual[0]:.2f} and {usual[1]:.2f}.")  # fmt: skip


def test_what_the_recipes_of_images_lose():
    found = {}
    for row in results.read("recipes"):
        found.setdefault(row["model"], {})[row["seed"]] = float(row["test_accuracy"])
    lost = {name: [found["cnn"][seed] - mean for seed, mean in own.items()] for name, own in found.items()}
    mean = {name: statistics.mean(each) for name, each in lost.items()}
    half = t.ppf(0.975, len(lost["cnn-elu"]) - 1) * statistics.stdev(lost["cnn-elu"]) / len(lost["cnn-elu"]) ** 0.5
    assert mean["cnn-elu"] <= 0.02
    says(
        f"It loses {mean['cnn-elu']:.3f} ({mean['cnn-elu'] - half:.3f} to {mean['cnn-elu'] + half:.3f}) of test "
        f"accuracy, {statistics.mean(found['cnn-elu'].values()):.3f} for {statistics.mean(found['cnn'].values()):.3f}, "
        f"over {len(lost['cnn-elu'])} seeds"
    )
    says(
        "`cnn-epsilon` loses {cnn-epsilon:.3f}, `cnn-even` {cnn-even:.3f}, `cnn-smooth` {cnn-smooth:.3f}".format(**mean)
    )
    words = re.sub(r"\s+", " ", (ROOT / "docs/choosing.md").read_text())
    assert f"costs {mean['cnn-elu']:.2f} of test accuracy (on 2 000 images" in words
    assert f"`cnn-smooth` costs {mean['cnn-smooth']:.2f}" in words


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
    for model, sentence in (
        ("cnn", "TRAK's kernel over ten trainings has {:.2f}, where a perfect method has at most {:.2f}"),
        ("cnn-smooth", "TRAK over ten trainings {:.2f}, Gauss-Newton 0.74, TRAK 0.71, the damped last layer 0.64 "
                       "(a perfect method at most {:.2f})"),
    ):  # fmt: skip
        of = {"dataset": "cifar10-truth", "model": model, "truth": "averaged", "alpha": "0.5"}
        found = [value("lds", "lds", method=method, **of) for method in ("trak-10", "noise-floor")]
        says(sentence.format(found[0], found[1] ** 0.5))


def test_averaged_truth_of_images_where_a_tenth_leaves():
    def score(method: str, column: str = "lds", model: str = "cnn") -> str:
        of = {"dataset": "cifar10-truth", "model": model, "truth": "averaged", "alpha": "0.9"}
        return f"{value('lds', column, method=method, **of):.2f}"

    root = "noise-floor-root"
    says(
        f"Where a tenth leaves, a perfect method would have {score(root)} ({score(root, 'low')} to "
        f"{score(root, 'high')}), TRAK over ten trainings has {score('trak-10')}, over twenty halves "
        f"{score('trak-subsets')}, Gauss-Newton {score('gauss-newton')}, the derivative {score('metagradient')} and "
        f"untrained networks {score('gauss-newton-untrained')} at most"
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


def test_derivatives_at_subsets_of_images():
    of = {"model": "cnn", "truth": "fixed", "alpha": "0.9"}
    ours, low, high = (
        value("lds-20-targets", key, method="metagradient-subsets", **of) for key in ("lds", "low", "high")
    )
    one = value("lds", "lds", method="metagradient", **of)
    trak = value("lds-20-targets", "lds", method="trak-subsets", **of)
    says(
        f"eight networks have {ours:.2f} ({low:.2f} to {high:.2f}), where 0.45 was asked, one derivative has {one:.2f}"
    )
    says(f"(of 60 targets) and `trak-subsets` {trak:.2f}.")
    counts = ("1", "2", "4", "8")
    by_number = [value("derivatives-at-subsets", "lds", model="cnn", networks=k, alpha="0.9") for k in counts]
    says(" / ".join(f"{score:.2f}" for score in by_number) + f" of {' / '.join(counts)} networks")
    assert by_number[-1] == ours
    took = value("lds-20-targets", "seconds", method="metagradient-subsets", **of)
    words = re.sub(r"\s+", " ", (ROOT / "docs/choosing.md").read_text())
    assert (
        f"({ours:.2f} with eight subsets for the {one:.2f} of one derivative; 20 targets, {took / 60:.0f} minutes)"
        in words
    )


def test_groups_of_images_leave_together():
    def found(method: str, kind: str, column: str = "spearman") -> str:
        return f"{value('group-removals-images', column, method=method, kind=kind):.2f}"

    ours, around = "metagradient-smooth", "datamodel-around-metagradient"
    kinds = ("class", "found by l-relative", "neighbours", "random")
    ranks = [found(ours, kind) for kind in kinds]
    slopes = [found(method, kind, "slope") for method in (ours, around) for kind in ("random", "neighbours")]
    says(f"ahead on every kind ({min(ranks)} to {max(ranks)})")
    others = {row["method"] for row in results.read("group-removals-images")} - {ours, around}
    assert all(found(other, kind) < found(ours, kind) for other in others for kind in kinds)
    says("({} random, {} of neighbours), which ridge around it lifts to {} and {}".format(*slopes))
    says(f"Gauss-Newton and TRAK have {found('gauss-newton', 'random')} and {found('trak', 'random')} of random groups")
    untrained = max(found(other, "class") for other in others if other.endswith("-untrained"))
    says(f"is told by networks that learned nothing ({untrained})")
    assert 0.7 < float(untrained) / float(found(ours, "class")) < 0.8


def test_what_is_taken_away_of_images():
    def fall(method: str, *ends: str) -> list[str]:
        return [f"{-value('brittleness-images', end, method=method):.2f}" for end in ends or ("change",)]

    ends = ("change", "high", "low")
    says("Gauss-Newton lowers the margins by {} ({} to {})".format(*fall("gauss-newton", *ends)))
    says(f"TRAK by {fall('trak')[0]}, the derivative, which knows single points best, by "
         f"{fall('metagradient-smooth')[0]} and Gauss-Newton of a network that learned nothing by "
         "{} ({} to {})".format(*fall("gauss-newton-untrained", *ends)))  # fmt: skip
    last, untrained = (fall(name, *ends) for name in ("last-layer", "last-layer-untrained"))
    says(f"The last layer ({last[0]}) is not told from that of an untrained network ({untrained[0]})")
    assert float(last[2]) > float(untrained[1])
    says("the nearest inputs and embeddings do next to nothing ({} and {})".format(
        *fall("input-euclidean"), *fall("embedding-cosine")))  # fmt: skip


def test_test_images_are_placed_by_the_derivative_and_by_gauss_newton():
    def alike(method: str, subsets: str = "200") -> float:
        return value("embeddings", "agreement", dataset="cifar10-truth", method=method, subsets=subsets)

    names = ("gauss-newton", "metagradient-smooth", "last-layer", "input-euclidean", "trak")
    says("200 subsets, where two sets of 100 agree at {:.2f}) Gauss-Newton has {:.2f} and the derivative {:.2f}, the "
         "last layer {:.2f} and the inputs {:.2f}; TRAK has {:.2f}, for a reason not found."
         .format(alike("noise-floor", "100"), *map(alike, names)))  # fmt: skip


def test_one_image_leaves():
    def score(method: str, model: str = "cnn-smooth", column: str = "spearman") -> str:
        return (
            f"{value('leave-one-out', column, dataset='cifar10-truth', model=model, truth='fixed', method=method):.2f}"
        )

    def derivative(model: str, method: str = "metagradient") -> str:
        rank, low, high, slope = (score(method, model, column) for column in ("spearman", "low", "high", "slope"))
        return f"{rank} ({low} to {high}) with a slope of {slope}"

    # of a network without kinks it is the plain one
    says(f"at {derivative('cnn-smooth', 'metagradient-smooth')}, ridge on 200 retrained networks around it at "
         f"{score('datamodel-around-metagradient')}, Gauss-Newton at {score('gauss-newton')}, TRAK at {score('trak')}, "
         f"the last layer, damped, at {score('last-layer-damped')}, and")  # fmt: skip
    untrained = [row["method"] for row in results.read("leave-one-out")
                 if row["model"] == "cnn-smooth" and row["method"].endswith("-untrained")]  # fmt: skip
    says(f"networks that learned nothing at {max(map(score, untrained))} at most.")
    others = [score(method, "cnn-elu") for method in ("gauss-newton", "trak", "trak-untrained")]
    says(f"the derivative has {derivative('cnn-elu')}, Gauss-Newton {others[0]}, TRAK {others[1]} and the untrained "
         f"network's {others[2]}: a tenth")  # fmt: skip


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


def test_trak_over_halves_of_images():
    of = {"dataset": "cifar10-truth", "model": "cnn", "truth": "fixed"}
    half, tenth = (value("lds", "lds", method="trak-subsets", alpha=alpha, **of) for alpha in ("0.5", "0.9"))
    says(f"the best method there is for the fixed truth, {half:.2f} with 20 halves")
    says(f"Where a tenth leaves it has {tenth:.2f}, less than the derivative's")
    assert half == max(
        float(row["lds"]) for row in results.read("lds")
        if row["alpha"] == "0.5" and all(row[key] == text for key, text in of.items())
    )  # fmt: skip


def test_near_duplicates_are_found_best_by_the_last_convolution_of_a_trained_network():
    ours, untrained = "convolution-cosine-same-class", "convolution-cosine-same-class-untrained"

    def found(name: str, **of: str) -> list[float]:
        return [value(name, end, **of) for end in ("value", "low", "high")]

    def less(method: str, baseline: str) -> list[float]:
        return found("near-duplicates-differences", method=method, baseline=baseline, metric="recall@1")

    first = found("near-duplicates", method=ours, metric="recall@1")
    among = value("near-duplicates", "value", method=ours, metric="recall@25")
    says("first for {:.2f} of the pairs ({:.2f} to {:.2f})".format(*first) + f" and among 25 for {among:.2f}")
    assert first[0] == max(
        float(row["value"]) for row in results.read("near-duplicates") if row["metric"] == "recall@1"
    )
    says(
        "{:.2f} ({:.2f} to {:.2f}) more first than the cosine of the embedding".format(*less(ours, "embedding-cosine"))
    )
    says("{:.2f} ({:.2f} to {:.2f}) more than the same on a network".format(*less(ours, untrained)))
    last = [less(method, untrained) for method in ("l-relative", "embedding-cosine")]
    says(f"({last[0][0]:.2f} and {last[1][0]:.2f} first, intervals hold 0)")
    assert all(low <= 0 <= high for _, low, high in [*last, less("pixel-euclidean", "embedding-cosine")])
    says("no winner: {:.2f} ({:.2f} to {:.2f}) first".format(*less("l-relative", "embedding-cosine")))
    weak = [value("near-duplicates", "value", method=f"{name}-untrained", metric="recall@1")
            for name in ("l-relative", "embedding-cosine")]  # fmt: skip
    says(f"(`l-relative` {weak[0]:.2f}, embedding {weak[1]:.2f})")
    least = [float(row["value"]) for row in results.read("near-duplicates") if row["method"].endswith("-min")]
    says(f"Minimising finds almost nothing ({max(least):.2f} at most)")


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


def test_pairs_that_nobody_knows_are_found_best_by_the_last_convolution():
    def known(method: str, pairs: str = "1000") -> str:
        of = {"method": method, "pairs": pairs}
        return "{:.0f} {{}}({:.2f})".format(
            *(value("near-duplicates-search", part, **of) for part in ("known", "found"))
        )

    ours, others = (
        "convolution-cosine",
        ("l-relative", "embedding-cosine", "convolution-cosine-untrained", "pixel-euclidean"),
    )
    a, b, c, d, e = (known(name) for name in (ours, *others))
    says(
        f"the last convolution has {a.format('known ones ')}, where `l-relative` has {b.format('')}, the cosine of the "
        f"embedding {c.format('')}, the untrained network's convolution {d.format('')} and pixels {e.format('')}"
    )
    least = value("near-duplicates-search", "low", method=ours, pairs="1000")
    for name in others:
        assert value("near-duplicates-search", "found", method=name, pairs="1000") < least
        # no winner among so few
        low, high = (value("near-duplicates-search", end, method=name, pairs="100") for end in ("low", "high"))
        assert low < value("near-duplicates-search", "found", method=ours, pairs="100") < high


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
