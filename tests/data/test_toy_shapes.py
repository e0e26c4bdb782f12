"""Subgroups of the toy set in other shapes than discs."""

import numpy as np
import pytest

import helpers
from attribution.data import toy
from attribution.settings import datasets
from attribution.settings.errors import SettingError

DISC = {"name": "a", "class": "red", "centre": [1.0, -2.0], "radius": 1.5, "train": 4000, "test": 10}
HALF = DISC | {"shape": "ring", "width": 0.5, "angles": [0, 180]}


def test_a_ring_lies_between_its_edges_and_angles():
    points = toy.draw([HALF, DISC], ["blue", "red"], 0.0, 0)
    own = points["x_train"][points["subgroup_train"] == 0] - HALF["centre"]
    distance = np.linalg.norm(own, axis=1)
    assert 1.0 <= distance.min() < 1.01 and 1.49 < distance.max() <= 1.5
    assert own[:, 1].min() >= 0
    # uniform in the plane: half of the points lie in the outer half of the area
    assert abs((distance > np.sqrt((1 + 1.5**2) / 2)).mean() - 0.5) < 0.03


def test_a_ring_of_its_whole_radius_is_a_disc():
    whole = DISC | {"shape": "ring"}
    drawn = [toy.draw([disc, DISC], ["blue", "red"], 0.1, 3)["x_train"] for disc in (whole, DISC)]
    np.testing.assert_allclose(*drawn, atol=1e-6)


@pytest.mark.parametrize(
    ("disc", "words"), [(DISC | {"angles": [0, 90]}, "shape is a disc"), (HALF | {"width": 2.0}, "more than the")]
)
def test_what_is_no_ring_is_refused(disc, words):
    with pytest.raises(SettingError, match=words):
        datasets.check("toy", {"loader": "toy", "class_names": ["blue", "red"], "discs": [disc, DISC]})


def test_subgroups_of_every_shape_differ_in_place():
    """No two subgroups of a data set of config/ share their points: the nearest other point is of the own one."""
    for name, dataset in helpers.CONFIG["datasets"].items():
        if dataset["loader"] == "toy" and name != "toy-overlapping":
            drawn = toy.draw(dataset["discs"], dataset["class_names"], dataset["noise"], dataset["seed"])
            x, own = drawn["x_train"], drawn["subgroup_train"]
            gap = np.square(x[:, None] - x[None]).sum(axis=2)
            np.fill_diagonal(gap, np.inf)
            assert (own[gap.argmin(axis=1)] == own).mean() > 0.95, name
