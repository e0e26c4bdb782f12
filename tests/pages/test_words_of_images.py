"""Sentences of docs/results.md say what the tables have of images, each written here again from their numbers."""

import re
import statistics

from scipy.stats import t

from helpers import ROOT
from words_of_results import image, says, value
from writing import results


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


def test_truths_of_2000_images():
    def score(model: str, method: str, column: str = "lds", truth: str = "averaged", alpha: str = "0.9") -> str:
        of = {"dataset": "cifar10-truth", "model": model, "truth": truth, "alpha": alpha}
        return f"{value('lds', column, method=method, **of):.2f}"

    def perfect(model: str) -> str:
        return "a perfect method would have {} ({} to {})".format(
            *(score(model, "noise-floor-root", column) for column in ("lds", "low", "high"))
        )

    def untrained(model: str) -> str:
        return "{:.2f} at most".format(
            max(
                float(row["lds"])
                for row in results.read("lds")
                if (row["model"], row["truth"], row["alpha"]) == (model, "averaged", "0.9")
                and row["method"].endswith("-untrained")
            )
        )

    names = ("trak-10", "trak-subsets", "gauss-newton", "metagradient")
    says(
        f"Where a tenth leaves, {perfect('cnn')}, TRAK over ten trainings has "
        "{}, over twenty halves {}, Gauss-Newton {}, the derivative {} and untrained networks ".format(
            *(score("cnn", name) for name in names)
        )
        + untrained("cnn")
    )
    ten, halves, newton, derivative = (score("cnn-smooth", name) for name in (*names[:3], "metagradient-smooth"))
    assert halves == newton
    says(
        f"Where a tenth leaves, {perfect('cnn-smooth')}: TRAK over ten trainings {ten}, Gauss-Newton and TRAK over "
        f"twenty halves {newton}, the derivative {derivative} and untrained networks {untrained('cnn-smooth')}"
    )

    def fixed(method: str, alpha: str = "0.5") -> str:
        return score("cnn-smooth", method, truth="fixed", alpha=alpha)

    around = [fixed("datamodel-around-metagradient", alpha) for alpha in ("0.5", "0.9")]
    says("ridge on 200 retrained networks around it at {} and {};".format(*around))
    assert fixed("gauss-newton-untrained") == fixed("trak-untrained")
    says(f"Gauss-Newton and TRAK {fixed('trak-untrained')} at a half, where the trained one's have "
         f"{fixed('gauss-newton')} and {fixed('trak')},")  # fmt: skip


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
    assert all(float(found(other, kind)) < float(found(ours, kind)) for other in others for kind in kinds)
    says("({} random, {} of neighbours), which ridge around it lifts to {} and {}".format(*slopes))
    says(f"Gauss-Newton and TRAK have {found('gauss-newton', 'random')} and {found('trak', 'random')} of random groups")
    untrained = max((found(other, "class") for other in others if other.endswith("-untrained")), key=float)
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
         "last layer {:.2f} and the inputs {:.2f}; TRAK has {:.2f}."
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
    says(f"networks that learned nothing at {max(map(score, untrained), key=float)} at most.")
    others = [score(method, "cnn-elu") for method in ("gauss-newton", "trak", "trak-untrained")]
    says(f"the derivative has {derivative('cnn-elu')}, Gauss-Newton {others[0]}, TRAK {others[1]} and the untrained "
         f"network's {others[2]}: a tenth")  # fmt: skip


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
