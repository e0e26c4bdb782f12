"""Predicted memory and operations: closed forms, real arrays, real allocations, and limits of control groups."""

import tracemalloc

import keras
import numpy as np
import pytest

from attribution.costs import networks as network_cost
from attribution.costs import stages as cost
from attribution.influence import inverse
from attribution.networks.architectures import cnn
from attribution.numerics import hessian

RECIPE = {"rescale": {"from": [0, 255], "to": [-1, 1]}, "flip": False, "translation": 0.0}


def test_the_cnns_sizes_by_hand():
    found = network_cost.sizes(cnn.build((32, 32, 3), 10, RECIPE))
    convolutions = 30 * 30 * 32 * 27 + 13 * 13 * 64 * 288 + 4 * 4 * 64 * 576
    assert found["flops"] == 2 * (convolutions + 256 * 64 + 64 * 10)  # 1024 features after flattening are 2 x 2 x 64
    pooled = 15 * 15 * 32 + 6 * 6 * 64 + 2 * 2 * 64
    given = 2 * 32 * 32 * 3 + 30 * 30 * 32 + 13 * 13 * 64 + 4 * 4 * 64 + pooled + 256 + 64 + 10
    assert found["activations"] == given and found["parameters"] == 73_418


def test_a_nested_network_counts_as_its_layers():
    body = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(3, 3), keras.layers.Flatten()])
    model = keras.Sequential([keras.Input((8, 8, 1)), body, keras.layers.Dense(2)])
    assert network_cost.sizes(model)["flops"] == 2 * (36 * 3 * 9 + 108 * 2)


def test_training_by_hand():
    found = cost.training(parameters=100, activations=10, flops=7, n=50, data_bytes=1000, batch=5, epochs=3, slots=2)
    assert found["flops"] == 3 * 7 * 50 * 3
    # weights, gradients, two slots; activations and their gradients
    assert found["bytes"] - cost.INTERPRETER == 1000 + 4 * 100 * 4 + 2 * 4 * 10 * 5
    evaluated = cost.training(100, 10, 7, n=50, data_bytes=1000, batch=5, epochs=3, slots=2, evaluation_batch=40)
    assert evaluated["bytes"] - found["bytes"] == 4 * 10 * (40 - 2 * 5)


def test_caches_and_groups_by_hand():
    n, D, C = 1000, 65, 10
    found = cost.gradient_cache(n, D, C, 0, batch=100, activations=20, flops=3, itemsize=4)
    stored = sum(a.nbytes for a in (np.empty((100, D), "f4"), np.empty((100, C), "f4"), np.empty((100, C), "f4")))
    assert found["bytes"] - cost.INTERPRETER == stored + 4 * 20 * 100
    assert found["flops"] == n * (3 + 2 * D * C)
    # one target: a solve with the factor (two triangular ones, k^2 each) and g_x . v for all x
    one = 2 * 650**2 + n * (2 * D * C + 2 * C)
    assert cost.all_pairs(1, n, D, C)["flops"] == one and cost.all_pairs(7, n, D, C)["flops"] == 7 * one
    assert cost.groups(seeds=3, size=25, n=n, D=D, C=C)["flops"] == 25 * 3 * one
    grown = [cost.all_pairs(t, n, D, C)["bytes"] for t in (100, 200)]
    assert grown[1] - grown[0] == 100 * 8 * (n + 2 * 650)
    # float32 features, residuals as they were; conjugate gradients keep vectors in place of the factor
    assert cost.factor_bytes(n, D, C, 4) == n * (4 * D + 8 * C)
    exact, cg = (cost.all_pairs(7, n, D, C, exact=how)["bytes"] for how in (True, False))
    assert exact - cg == 8 * (650**2 - cost.CG_VECTORS * 7 * 650)
    # the parameters estimated anew: a Hessian for each member of each group
    adaptive = cost.adaptive_groups(seeds=3, size=25, n=n, D=D, C=C)
    assert adaptive["flops"] == 3 * 25 * (cost.hessian(n, D, C)["flops"] + 2 * n * 650**2)
    assert adaptive["bytes"] > cost.hessian(n, D, C)["bytes"] + 3 * 8 * 650**2


def test_top_k_never_holds_the_whole_matrix():
    n, D, C = 50_000, 513, 10
    assert cost.all_pairs(n, n, D, C)["bytes"] > 20e9
    assert cost.top_k(n, n, D, C, top=50, block=256)["bytes"] < 4e9


@pytest.mark.parametrize("c", [1, 4])
def test_the_hessian_takes_no_more_than_predicted_and_not_much_less(c):
    n, d = 300, 600 // c
    rng = np.random.default_rng(0)
    features, logits = rng.normal(size=(n, d)), rng.normal(size=(n, c))
    tracemalloc.start()
    matrix = hessian.hessian_sum(features, logits) / n
    inverse.cache_of_factor(matrix, {"mode": "relative", "value": 0.01}, float(np.trace(matrix)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    chunk = 8 * n * d * c  # the whole of this small problem is one chunk
    predicted = cost.hessian(n, d, c, chunk_bytes=(3 if c == 1 else 1) * chunk)
    assert 0.5 * predicted["bytes"] < peak <= predicted["bytes"]
    k = d * c
    assert predicted["k"] == k and predicted["flops"] == n * d * (d + 1) * {1: 1, 4: 6}[c] + 5 * k**3 // 3


def test_a_stage_that_does_not_fit_says_which_setting_makes_it_fit(capsys):
    need = cost.hessian(50_000, 513, 10)
    cost.require("Hessian", need, "set influence.solver to cg", 1e11, available=8 << 30)
    line = capsys.readouterr().out
    assert "Hessian: n 50000, D 513, C 10, k 5130; predicted 0." in line and "operations, at least" in line
    with pytest.raises(MemoryError, match=r"Hessian needs 0\.\d+ GiB .*0\.25 GiB are available; set influence\.solver"):
        cost.require("Hessian", need, "set influence.solver to cg", 1e11, available=1 << 28)


def test_speed_is_that_of_this_machine():
    assert 1e8 < cost.speed() < 1e16 and 1e8 < network_cost.speed() < 1e16


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "CGROUPS", tmp_path / "cgroup")
    meminfo, own = tmp_path / "meminfo", tmp_path / "own"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable: 8000 kB\n")

    def write(folder, **files):
        (tmp_path / "cgroup" / folder).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (tmp_path / "cgroup" / folder / name.replace("__", ".")).write_text(f"{text}\n")

    return meminfo, own, write


def test_available_memory_is_the_tightest_limit_on_the_way_up(machine):
    meminfo, own, write = machine
    assert cost.available_memory(meminfo, own) == 8000 * 1024
    own.write_text("0::/job/step\n")
    write("job/step", memory__max="max", memory__current=5)
    assert cost.available_memory(meminfo, own) == 8000 * 1024
    write("job", memory__max=5_000_000, memory__current=3_000_000, memory__stat="anon 7\ninactive_file 1000")
    assert cost.available_memory(meminfo, own) == 2_001_000
    write("", memory__max=1_000_000, memory__current=900_000)
    assert cost.available_memory(meminfo, own) == 100_000


def test_available_memory_of_the_first_version_of_control_groups(machine):
    meminfo, own, write = machine
    own.write_text("5:cpu,cpuacct:/x\n4:memory:/slurm/job\n")
    write("memory/slurm/job", memory__limit_in_bytes=4_000_000, memory__usage_in_bytes=1_000_000)
    assert cost.available_memory(meminfo, own) == 3_000_000


def test_this_machine_has_some_memory():
    assert 1 << 26 < cost.available_memory() < 1 << 50
