"""Settings against a run's own data: sizes, seeds and names that the data set does not have."""

import pytest

from attribution.settings import check as settings
from attribution.settings import run_checks
from every_check import merged
from helpers import SCHEMA

OWN = {"loader": "npz", "path": "mine.npz"}
RUNS = [
    # what differs in the settings, the check, points of the run's data, the sentence or none
    ("groups: {seeds: [1500], size: 600}", run_checks.groups, 2000, None),
    ("groups: {seeds: [1500], size: 25}", run_checks.groups, 1500, "groups.seeds holds 1500, but data set 'mine'"),
    ("groups: {seeds: [0], size: 600}", run_checks.groups, 599, "groups.size is 600, but data set 'mine' has 599 trai"),
    ("groups: {seeds: [0], size: 9, excluded: [70]}", run_checks.groups, 70, "groups.excluded holds 70, but data"),
    ("groups: {seeds: [0], size: 70, excluded: [7]}", run_checks.groups, 70, "groups.size is 70, but data set 'mine'"),
    ("groups: {seeds: [cat], size: 600}", run_checks.groups, None, None),
    ("groups: {seeds: [cow], size: 6}", run_checks.groups, 70, 'groups.seeds is "cow", which is not def'),
    ("groups: {seeds: [{random: 71, seed: 0}], size: 6}", run_checks.groups, 70, "groups.seeds[0].random is 71, but"),
    ("groups: {seeds: [[3, 4, cat], dog], size: 6}", run_checks.groups, 70, None),
    ("groups: {seeds: [[3, cat], [4, cat]], size: 6}", run_checks.boundary_groups, 70, None),
    ("groups: {seeds: [1, [3, 70]], size: 6}", run_checks.groups, 70, "groups.seeds[1] holds 70, but data set 'mine'"),
    ("groups: {seeds: [[3, cow]], size: 6}", run_checks.groups, 70, 'groups.seeds[0] is "cow", which is not def'),
    ("groups: {seeds: [[3, 4, 5]], size: 2}", run_checks.groups, 70, "groups.seeds[0] holds 3 points, but groups.size"),
    ("groups: {seeds: [[3, 4], 1, [4, 3]], size: 6}", run_checks.groups, 70, "groups.seeds[2] holds the points of gro"),
    ("groups: {seeds: [[3, 4]], size: 6, excluded: [4]}", run_checks.groups, 70, "groups.seeds[0] holds 4, which is e"),
    ("{groups: {seeds: [[3, 4]], size: 6}, boundary: {greedy: {size: 1}}}", run_checks.boundary_groups, 70,
     "groups.seeds[0] holds 2 points, but boundary.greedy.size is 1"),
    ("groups: {seeds: [3, 4, 3], size: 6}", run_checks.groups, 70, "groups.seeds[2] is 3 a second time"),
    ("influence: {targets: [cat, 1999]}", run_checks.targets, 2000, None),
    ("influence: {targets: [2000]}", run_checks.targets, 2000, "influence.targets holds 2000, but data set 'mine'"),
    ("influence: {targets: [left]}", run_checks.targets, 2000, 'influence.targets is "left", which is not def'),
    ("overlap: {seeds: [70]}", run_checks.overlap, 70, "overlap.seeds holds 70, but data set 'mine'"),
    ("overlap: {size: 71}", run_checks.overlap, 70, "overlap.size is 71, but data set 'mine' has 70 training points"),
    ("groups: {seeds: [70]}", run_checks.boundary_groups, 70, "groups.seeds holds 70, but data set 'mine'"),
    ("boundary: {greedy: {size: 71}}", run_checks.compared_groups, 70, "boundary.greedy.size is 71, but"),
    ("{}", run_checks.target, 70, "no study names data set 'mine', and this result needs its target; add studies.NAME"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "check", "n", "sentence"), RUNS)
def test_settings_are_checked_against_the_runs_own_data(written, check, n, sentence):
    config = merged(written)
    config["datasets"]["mine"] = OWN | {"class_names": ["cat", "dog"]}
    config = settings.prepared(config, SCHEMA)
    settings.check(config, SCHEMA)
    if sentence is None:
        check(config, "mine", n)
        return
    with pytest.raises(settings.SettingError) as error:
        check(config, "mine", n)
    assert str(error.value).startswith(sentence), str(error.value)


def test_subgroups_of_a_file_without_names_go_by_their_numbers():
    config = merged("groups: {seeds: ['3'], size: 9}")
    config["datasets"]["mine"] = OWN
    run_checks.groups(config, "mine", 70)
    config["groups"]["seeds"] = ["cat"]
    with pytest.raises(settings.SettingError, match=r"^groups.seeds names .cat., but data set 'mine' has no names"):
        run_checks.groups(config, "mine", 70)


@pytest.mark.parametrize(
    "check", [run_checks.groups, run_checks.boundary_groups, run_checks.overlap, run_checks.targets]
)
def test_a_class_with_fewer_points_than_are_drawn_is_named(check):
    draws = "[{random: 2, seed: 0}, {each_class: 5, seed: 1}]"
    config = merged(f"{{groups: {{seeds: {draws}, size: 9}}, overlap: {{seeds: {draws}}}}}")
    config["datasets"]["mine"] = OWN | {"class_names": ["cat", "dog"]}
    run_checks.drawn(config, "mine", [70, 5], check)
    if check is run_checks.targets:
        run_checks.drawn(config, "mine", [70, 4], check)
        return
    with pytest.raises(settings.SettingError) as error:
        run_checks.drawn(config, "mine", [70, 4], check)
    section = "overlap" if check is run_checks.overlap else "groups"
    assert str(error.value) == (
        f"{section}.seeds[1].each_class is 5, but class 'dog' of data set 'mine' has 4 training points; "
        "allowed is at most 4"
    )


def test_class_weights_go_by_the_numbers_of_the_data_sets_classes():
    config = merged("{}")
    config["models"]["even"] = {"architecture": "mlp", "hidden": [2], "class_weights": {"dog": 3, "cow": 0.5}}
    config["datasets"] |= {"mine": OWN | {"class_names": ["cat", "dog", "cow"]}, "bare": OWN}
    config["datasets"]["few"] = config["datasets"]["mine"] | {"classes": ["cow", "dog"]}
    config["studies"]["mine"] = {"dataset": "mine", "model": "even"}
    config = settings.prepared(config, SCHEMA)
    settings.check(config, SCHEMA)
    assert run_checks.recipe_of(config, "even", "mine")["class_weights"] == [1, 3, 0.5]
    assert run_checks.recipe_of(config, "even", "few")["class_weights"] == [0.5, 3]
    with pytest.raises(
        settings.SettingError, match=r"models\.even\.class_weights names 'dog', but data set 'bare' has no"
    ):
        run_checks.recipe_of(config, "even", "bare")
    config["models"]["even"]["class_weights"] = {"2": 5}
    assert run_checks.recipe_of(config, "even", "bare")["class_weights"] == [1, 1, 5]
    config["models"]["even"]["class_weights"] = {"dog": 3, "rat": 2}
    with pytest.raises(
        settings.SettingError, match=r'class_weights is "rat", which is not defined; allowed are cat, dog'
    ):
        settings.check(config, SCHEMA)
    for plain in ("balanced", None):
        recipe = config["models"]["even"] = {"architecture": "mlp", "hidden": [2]}
        recipe |= {"class_weights": plain} if plain else {}
        assert run_checks.recipe_of(config, "even", "bare") is recipe
