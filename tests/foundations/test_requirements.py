"""What rules ask for: sizes against built networks, files without reading them, growth, and measured use."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import asked_and_used
import plan_retrainings
from attribution.costs import networks as network_cost
from attribution.costs import requests as requirements
from attribution.costs import sizes as network_sizes
from attribution.costs.jobs import every
from attribution.costs.jobs import groups as groups_cost
from attribution.groups import stops
from attribution.networks import build, last_convolution
from attribution.runtime import deadline, devices
from attribution.runtime.cluster import parse, refusal
from attribution.workflow import figures
from helpers import ROOT

pytestmark = pytest.mark.slow

MODELS = yaml.safe_load((ROOT / "config/models.yaml").read_text())["models"]
CIFAR10 = {"loader": "cifar10"}


@pytest.mark.parametrize("name", ["mlp-dropout", "cnn", "resnet", "resnet18", "vgg19"])
def test_sizes_are_those_of_the_built_network(name):
    recipe, shape = MODELS[name], (2,) if name == "mlp-dropout" else (32, 32, 3)
    outputs = 1 if name == "mlp-dropout" else 10
    model = build.architecture(recipe["architecture"])(shape, outputs, recipe)
    built, found = network_cost.sizes(model), network_sizes.sizes(recipe, shape, outputs)
    assert found["flops"] == built["flops"]
    assert found["parameters"] == pytest.approx(built["parameters"], rel=0.02)
    assert built["activations"] / 3 <= found["activations"] <= 3 * built["activations"]
    assert found["features"] == model.layers[-1].kernel.shape[0]
    body = last_convolution.up_to(model)
    assert found["places"] == (math.prod(body.output.shape[1:]) if body else 0)


def test_sizes_of_data_from_settings_and_from_headers(tmp_path):
    found = requirements.of_data(CIFAR10 | {"points": 4000})
    assert (found["n"], found["m"], found["shape"], found["classes"]) == (4000, 10_000, (32, 32, 3), 10)
    arrays = {"x_train": np.zeros((70, 5, 4), "f4"), "x_test": np.zeros((30, 5, 4), "f4")}
    np.savez_compressed(tmp_path / "own.npz", **arrays)
    # a loader that is added, of whose data nothing is known
    assert requirements.of_data({"loader": "moons", "class_names": ["a", "b"]})["n"] == 0
    found = requirements.of_data({"loader": "npz", "path": str(tmp_path / "own.npz"), "class_names": ["a", "b"]})
    assert (found["n"], found["m"], found["shape"], found["classes"]) == (70, 30, (5, 4), 2)
    assert found["sample_bytes"] == 5 * 4 * 4


def test_requests_grow_with_the_attempt_and_with_the_experiment():
    data, settings = requirements.of_data(CIFAR10), {"batch_size": 512, "targets": 10}
    small, large = (requirements.of_run(data, MODELS[name], **settings) for name in ("cnn", "resnet18"))
    first, second = (requirements.request("train_model", small, attempt) for attempt in (1, 2))
    assert second["mem_mb"] == 2 * first["mem_mb"] and second["runtime"] == 2 * first["runtime"]
    for rule in ("train_model", "cache_hessian"):
        a, b = (requirements.request(rule, size) for size in (small, large))
        assert b["mem_mb"] > a["mem_mb"] and b["runtime"] > a["runtime"]
    many = requirements.of_run(data, MODELS["cnn"], **settings | {"targets": 10_000})
    assert requirements.request("compute_influence", many)["mem_mb"] > 8000  # (10 000, 50 000) float64 twice


def test_near_duplicates_ask_for_what_the_last_convolution_gives():
    size = requirements.of_run(requirements.of_data(CIFAR10), MODELS["cnn"], batch_size=512, matrix_gb=2.0)
    cost, pairs, points = every.COSTS["find_near_duplicates"], 50_000 * 60_000, 60_000
    without, found = cost(size | {"places": 0}), cost(size)
    # 4 x 4 places of 64 channels
    assert found[2] - without[2] == pytest.approx(2 * pairs * 1024 + size["flops"] * points)
    assert found[1] > without[1]
    wider = cost(size | {"places": 2048})
    assert wider[0] - found[0] == pytest.approx(1024 * (4 * points + 8 * 512))
    # projected to what fits: a quarter of 1024 columns
    narrow = cost(size | {"matrix_gb": points * 1024 / 1e9})
    assert found[0] - narrow[0] == pytest.approx(3 * points * 1024)
    assert found[2] - narrow[2] == pytest.approx(2 * pairs * 768)
    # measured on 50 143 and 9 857 images: 1 946 MB and 210 s of one core
    asked = requirements.request("find_near_duplicates", size)
    assert 1946 < asked["mem_mb"] < 2 * 1946 and asked["runtime"] > 2 * 210 / 60


# (n, D, C), adaptive, seconds of processor time of one core for one member of one group
MEMBER = [
    ((532, 17, 1), False, 1.0e-5), ((1437, 17, 10), False, 4.9e-5), ((10_000, 65, 10), False, 7.1e-4),
    ((20_000, 65, 1), False, 4.6e-4), ((50_000, 65, 1), False, 6.2e-4), ((50_000, 65, 10), False, 3.4e-3),
    ((50_000, 129, 10), False, 4.6e-3), ((20_000, 513, 10), False, 7.2e-3),
    ((532, 17, 1), True, 3.9e-4), ((1437, 17, 10), True, 9.2e-3), ((4000, 65, 4), True, 3.0e-2),
    ((5000, 65, 1), True, 5.3e-3), ((50_000, 65, 1), True, 8.8e-2), ((20_000, 129, 1), True, 6.2e-2),
    ((10_000, 65, 10), True, 0.34), ((50_000, 65, 10), True, 1.84),
]  # fmt: skip


@pytest.mark.parametrize(("sizes", "adaptive", "seconds"), MEMBER)
def test_groups_ask_for_their_seeds(sizes, adaptive, seconds):
    (n, D, C), members = sizes, 25
    size = {"n": n, "m": n // 5, "D": D, "C": C, "sample_bytes": 8, "scope": "last_layer", "targets": 10}
    groups = int(7200 / seconds / members)  # two hours of work
    size |= {"group_seeds": groups, "group_size": members, "adaptive": adaptive}
    asked = requirements.request("find_groups", size)["runtime"]
    used = groups * members * seconds / 60
    assert used <= asked <= 4 * used
    # as much again for as many seeds more, and no less than each group's scores of all points
    more = requirements.request("find_groups", size | {"group_seeds": 2 * groups})
    assert 1.9 * asked < more["runtime"] < 2.1 * asked
    assert more["mem_mb"] * requirements.MB > 2 * groups * 3 * 8 * n


@pytest.mark.parametrize("condition", stops.CONDITIONS)
def test_groups_ask_for_what_tells_where_they_stop(condition):
    assert groups_cost.BY_LIKENESS == stops.BY_LIKENESS
    n, k, groups, members = 1000, 500, 40, 300
    size = {"n": n, "m": 100, "D": k, "C": 1, "sample_bytes": 8, "group_seeds": groups, "group_size": members}
    plain, stopped = (every.COSTS["find_groups"](each) for each in (size, size | {"stop": condition}))
    # the gradients of one growth, solved, and products of each two
    least = 8 * (members * k + members**2) if condition in stops.BY_LIKENESS else 0
    assert least <= stopped[0] - plain[0] <= 4 * least
    assert (stopped[2] > plain[2]) == (condition in stops.BY_LIKENESS)


def test_a_judge_asks_for_its_subsets():
    data = requirements.of_data(CIFAR10)

    def megabytes(subsets, tested=60):
        return requirements.request("measure_lds", data | {"judged": subsets, "tested": tested})["mem_mb"]

    # 2000 masks more of 50 000 points, as bytes and as numbers
    more = 1e-6 * 2000 * 50_000 * (1 + 8)
    assert more < megabytes(3000) - megabytes(1000) < 2 * more
    assert megabytes(1000) < 2000 < megabytes(1000, 2000)


def test_seeds_are_counted_with_their_draws_and_lists_once():
    seeds = [17, "left", [3, 4, "right"], {"random": 10, "seed": 0}, {"each_class": 2, "seed": 0}]
    assert requirements.starts(seeds, 3, 5) == 3 + 10 + 6
    assert requirements.starts([{"each_subgroup": 2, "seed": 0}], 3, 5) == 10


def test_groups_of_a_table_go_with_classes_until_most_bounds_their_seeds():
    bounded = [{"each_class": 10, "most": 100, "seed": 0}]
    seeds = {most: [requirements.starts(of, classes, 1) for classes in (10, 100, 300)] for most, of in (
        (False, [{"each_class": 10, "seed": 0}]), (True, bounded))}  # fmt: skip
    assert seeds == {False: [100, 1000, 3000], True: [100, 100, 100]}
    data = {"n": 5000, "m": 500, "shape": (20,), "classes": 100, "sample_bytes": 80, "source_bytes": 0}

    def minutes(count, size):
        facts = requirements.of_run(
            data, MODELS["mlp-plain"] | {"hidden": [256]}, compared_seeds=count, compared_size=size
        )
        return requirements.request("group_method", facts)["runtime"]

    # a solve of 2 k^2 and a pass of 2 n C (D + 1) operations for each member of each group
    k, (D, C) = 257 * 100, (257, 100)
    seconds = 1000 * 100 * (2 * k**2 + 2 * 5000 * C * (D + 1)) / groups_cost.MEMBER
    assert minutes(1000, 100) * 60 / requirements.MARGIN > seconds
    assert minutes(1000, 100) > 2 * minutes(100, 100)


def test_a_dry_run_asks_for_the_seeds_of_groups_and_of_variants(tmp_path):
    settings = {
        "datasets": {"large": {"loader": "npz", "path": "large.npz"}},
        "groups": {
            "size": 40, "seeds": [0], "rule": "influence",
            "variants": {"adaptive": {"seeds": [{"random": 1000, "seed": 0}]}, "many": {"seeds": [[1, 2], 3]}},
        },
    }  # fmt: skip
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(settings))
    rng = np.random.default_rng(0)
    arrays = {f"x_{part}": rng.normal(size=(n, 2)).astype("f4") for part, n in (("train", 4000), ("test", 40))}
    arrays |= {f"y_{part}": np.arange(n) % 2 for part, n in (("train", 4000), ("test", 40))}
    np.savez(tmp_path / "large.npz", **arrays)
    run = "results/large/mlp-plain/seed0"
    command = [Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", "--workflow-profile", "none"]
    command += ["-n", "--cores", "1", "--configfile", "mine.yaml", "--"]
    targets = [f"{run}/groups{name}.h5" for name in ("", "-adaptive", "-many")]
    done = subprocess.run([*command, *targets], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = dict(asked_and_used.jobs(done.stdout + done.stderr))
    minutes = {re.search(r"seed0(.*).tsv", file)[1]: m for file, (rule, _, m) in asked.items() if rule == "find_groups"}
    assert minutes[""] == minutes["-many"] == requirements.LEAST_MINUTES < minutes["-adaptive"]


def test_every_rule_asks_and_every_gpu_rule_has_its_partition():
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    grouped = {entry.partition("=")[0] for entry in profile["groups"]}
    rules = {}
    for path in (ROOT / "rules").glob("*.smk"):
        for block in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            rules[block.partition(":")[0]] = block
    for name, block in rules.items():
        assert f'threads: cpus("{name}")' in block and f'**asked("{name}")' in block, name
        assert "retries:" not in block
    rules |= figures.TABLE
    assert set(requirements.COSTS) <= set(rules) and set(profile["set-resources"]) == set(requirements.GPU_RULES)
    assert grouped <= set(rules)


def test_a_clock_stops_only_where_a_cluster_does(monkeypatch):
    assert deadline.of_job(5, {}) is None and deadline.of_job(None, {"SLURM_JOB_ID": "1"}) is None
    deadline.require(None, 1e9, "a", "b")
    ends = deadline.of_job(10, {"SLURM_JOB_ID": "1"})
    deadline.require(ends, 470, "a", "b")
    with pytest.raises(deadline.OutOfTime, match=r"network seed 0: the job's time is almost up .* 3 of 8 epochs"):
        deadline.require(ends, 490, "network seed 0", "3 of 8 epochs are kept")


def test_two_jobs_take_different_gpus(tmp_path):
    taken = []
    for _ in range(2):
        environment = {devices.VISIBLE: "3,5"}
        devices.take_one(environment, locks=tmp_path)
        taken.append(environment[devices.VISIBLE])
    assert taken == ["3", "5"]
    for own in ("", "2"):
        environment = {devices.VISIBLE: own}
        devices.take_one(environment, locks=tmp_path)
        assert environment[devices.VISIBLE] == own
    (tmp_path / "nvidia0").touch()
    (tmp_path / "nvidiactl").touch()
    assert devices.visible({}, tmp_path) == ["0"]


def test_jobs_of_this_folder_and_the_command_that_cancels_them(tmp_path):
    lines = [
        f"7|run-a|RUNNING|gpu|rule_train_model_wildcards_x|{tmp_path}",
        f"8|run-a|PENDING|cpu|rule_plot|{tmp_path}/other",
        f"9|bash|RUNNING|cpu|(null)|{tmp_path}",
    ]
    found = parse("\n".join(lines), str(tmp_path))
    assert [job["id"] for job in found] == ["7"]
    assert "scancel --name=run-a" in refusal(found) and "train_model" in refusal(found)


def test_requests_of_a_finished_cifar10_study():
    """CIFAR10_RESULTS is the folder `results` of a study of CIFAR-10."""
    results = os.environ.get("CIFAR10_RESULTS", "")
    if not results or not Path(results, "benchmarks").is_dir():
        pytest.skip("CIFAR10_RESULTS names no folder with the benchmarks of a finished CIFAR-10 study")
    requests = asked_and_used.asked([], ["cifar10_cnn", "near_duplicates_seeds", "near_duplicates"])
    rows = asked_and_used.table(Path(results), requests)
    assert {"train_model", "cache_gradients", "cache_hessian"} <= {row["rule"] for row in rows}
    assert not asked_and_used.wrong(rows)


def test_the_scheduler_plans_very_many_retrainings():
    # a process of its own: a child's largest memory counts what its parent had when it forked, here the whole test run
    script = [sys.executable, plan_retrainings.__file__, "--shard", "1000"]
    text = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    jobs, megabytes = re.search(r"in (\d+) jobs: [\d.]+ s, (\d+) MB", text).groups()
    assert int(jobs) == 301  # and the held-out ones
    assert int(megabytes) < 2000
