"""What tells a group from its growth: figures mark where it stopped, and evaluation.csv judges each by its own."""

import h5py
import numpy as np
import pandas as pd
import pytest

import evaluate_study
import plot_greedy_stages
import plot_turning_point
from attribution.files import hdf5
from attribution.groups import growth

LEFT, RIGHT, OTHERS = 20, 12, 8
SUBGROUP = np.repeat([0, 1, 2], [LEFT, RIGHT, OTHERS])
STOPPED = 15
NAMES = ["left", "right", "blue"]


@pytest.fixture
def files(tmp_path):
    """A growth from the centre of `left` through all of it and then `right`, stopped after 15 of 32 members."""
    rng = np.random.default_rng(0)
    x = np.array([[-2, 0], [2, 0], [0, 0]])[SUBGROUP] + rng.normal(scale=0.3, size=(len(SUBGROUP), 2))
    x[7] = x[SUBGROUP == 0].mean(axis=0)  # stays nearest to the mean
    members = np.r_[7, np.delete(np.arange(LEFT + RIGHT), 7)]
    data = {"x_train": x, "y_train": (SUBGROUP != 2).astype(int), "subgroup_train": SUBGROUP}
    hdf5.write(tmp_path / "data.h5", data, {"subgroup_names": NAMES, "class_names": ["blue", "red"]})
    grown = {"members": members, "normalised_influence": np.arange(32.0), "cosine": np.ones(32)}
    facts = {"rule": "l-relative", "stop": "gap", "stopped": STOPPED, "ties": 2}
    hdf5.write(
        tmp_path / "groups.h5", {f"7/{name}": array for name, array in grown.items()},
        {f"7/{name}": value for name, value in facts.items()},
    )  # fmt: skip
    axis = np.linspace(-3, 3, 5)
    plane = {"grid_x": axis, "grid_y": axis, "logits_grid": np.add.outer(axis, axis),
             "boundary_distance": np.abs(x[:, 0])}  # fmt: skip
    hdf5.write(tmp_path / "boundary.h5", plane, {})
    paths = {"sizes": np.array([1, 2])} | {f"draws/{pool}": np.ones((3, 2)) for pool in growth.POOLS}
    paths |= {f"one_after_other/{name}": np.ones((3, 32)) for name in ("normalised_influence", "cosine")}
    hdf5.write(tmp_path / "growth.h5", paths, {})
    return {name: str(tmp_path / f"{name}.h5") for name in ("data", "groups", "boundary", "growth")}


def figure_of(module, monkeypatch, call):
    drawn = []
    monkeypatch.setattr(module.drawing, "save", lambda figure, *_: drawn.append(figure))
    call()
    return drawn[0]


def unstopped(path):
    with h5py.File(path, "r+") as file:
        file["7"].attrs.update({"stop": "size", "stopped": 32})


def test_figure_8_has_the_whole_growth_and_marks_on_its_scale_where_the_group_stops(files, monkeypatch):
    def draw():
        plot_greedy_stages.plot_greedy_stages(
            files["data"], files["groups"], files["boundary"], 0, "default", 60, "8.png"
        )

    *stages, scale = figure_of(plot_greedy_stages, monkeypatch, draw).axes
    assert max(int(here.get_title().split()[0]) for here in stages if here.get_visible()) == 32
    lines = [line.get_ydata()[0] for line in scale.lines if len(set(line.get_ydata())) == 1]
    assert STOPPED in lines and scale.get_title() == f"gap stops\nat {STOPPED}"
    unstopped(files["groups"])
    assert figure_of(plot_greedy_stages, monkeypatch, draw).axes[-1].get_title() == ""


def test_figure_9_has_the_whole_growth_and_a_line_where_the_group_stops(files, monkeypatch):
    def draw():
        plot_turning_point.plot_turning_point(
            files["data"], files["growth"], [files["groups"]], ["l-relative"], 0, 1, "default", 60, "9.png"
        )

    figure = figure_of(plot_turning_point, monkeypatch, draw)
    column = figure.axes[1::2]
    for here in column:
        marks = [line.get_xdata()[0] for line in here.lines if line.get_label() == "the group stops"]
        assert marks == [STOPPED]
    assert column[0].get_title().endswith(f"gap at {STOPPED}") and len(column[1].lines[0].get_xdata()) == 32
    unstopped(files["groups"])
    column = figure_of(plot_turning_point, monkeypatch, draw).axes[1::2]
    assert not [line for here in column for line in here.lines if line.get_label() == "the group stops"]


def test_the_order_is_judged_by_the_growth_and_f1_by_the_group(files, tmp_path):
    evaluate_study.evaluate_study(
        files, {"l-relative": files["groups"]}, {}, {}, {"top": 3, "closest": 5}, 0, str(tmp_path / "evaluation.csv")
    )
    table = pd.read_csv(tmp_path / "evaluation.csv")
    found = table[table.method == "l-relative"].set_index("metric").value
    assert found["precision"] == 1 and found["exhausted_at"] == LEFT and found["steps_with_ties"] == 2
    assert found["maximum_over_cluster_size"] == 32 / LEFT
    assert found["stopped_over_cluster_size"] == STOPPED / LEFT
    assert found["f1"] == pytest.approx(2 * STOPPED / (STOPPED + LEFT))
