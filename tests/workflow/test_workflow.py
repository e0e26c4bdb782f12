"""The workflow on the tiny study: what a change reruns, and that a kill leaves nothing half-written."""

import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

import asked_and_used
import cache_hessian
import compute_influence
from attribution.files import hdf5
from attribution.files.results.influence import INFLUENCE
from attribution.files.results.topk import HARMFUL, HELPFUL
from attribution.influence import inverse_files
from project_copies import PARTS, SNAKEMAKE, copy_of_project, run

pytestmark = pytest.mark.slow

SOLVERS_AGREE = 1e-6  # relative, a target

PLOTS = {
    "plot_dataset", "plot_self_influence", "plot_relative_influence", "plot_group_growth", "plot_greedy_stages",
    "plot_turning_point", "plot_decision_boundary", "plot_datamodel_components", "plot_datamodel_scores",
    "plot_leave_one_out", "plot_leave_groups_out", "plot_lds_against_seconds",
}  # fmt: skip
AFTER_GROUPS = {"evaluate_study", "plot_greedy_stages", "plot_turning_point", "summarise_study"}
# of attribution against retraining, whose recipe is mlp-l2
TRUTH = {"attribute_method", "measure_lds", "gather_truths", "plot_lds_against_seconds"}
AFTER_HESSIAN = PLOTS - {"plot_dataset", "plot_lds_against_seconds"} | {
    "compute_influence", "find_groups", "measure_group_growth", "evaluate_study", "compare_removals",
    "fit_datamodels", "gather_datamodels", "group_method", "score_method", "summarise_study",
}  # fmt: skip
AFTER_TRAINING = AFTER_HESSIAN | {"cache_gradients", "cache_hessian", "map_decision_boundary"}
RETRAINED = {"retrain_leave_one_out", "retrain_groups", "retrain_subsets"}
# every stage from the data to a figure, and no retraining, whose shards have a test of their own
STAGES = "results/figures/toy/08-greedy-stages.png"
FULL = "results/toy/mlp-dropout/seed0/datamodels-full.csv"


def would_rerun(folder: Path) -> set[str]:
    """Rules that a dry run would execute."""
    text = run(folder, "-n", "--", "toy")
    table = text.partition("Job stats:")[2].partition("total")[0]
    return set(re.findall(r"^(\w+) +\d+$", table, re.MULTILINE)) - {"toy"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = copy_of_project(tmp_path_factory.mktemp("project"))
    run(folder, "--", "toy")
    return folder


@pytest.fixture
def project(finished):
    """The finished project; what a test edits is put back."""
    kept = {path: path.read_bytes() for part in ("config", "scripts") for path in (finished / part).rglob("*.*")
            if path.is_file() and "__pycache__" not in path.parts}  # fmt: skip
    yield finished
    for path, content in kept.items():
        path.write_bytes(content)


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_touching_every_file_reruns_nothing(project):
    for part in PARTS:
        for path in [project / part, *(project / part).rglob("*")]:
            os.utime(path)
    assert would_rerun(project) == set()


def test_a_copy_without_its_dates_is_up_to_date(project, tmp_path_factory):
    folder = Path(shutil.copytree(project, tmp_path_factory.mktemp("copy"), dirs_exist_ok=True))
    # the worst order: what is made from a file was newer, and becomes older
    now = time.time_ns()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        os.utime(path, ns=(now, 2 * now - path.stat().st_mtime_ns))
    assert would_rerun(folder) == set()


@pytest.mark.parametrize("date", [1_600_000_000, None], ids=["older", "newer"])
def test_another_version_of_code_and_style_is_noticed_whatever_its_date(project, date):
    for name, users in (
        ("scripts/attribution/evaluation/recovery.py", {"evaluate_study", "plot_greedy_stages", "summarise_study"}),
        ("config/figures.mplstyle", PLOTS | {"evaluate_study", "summarise_study"}),
    ):
        with open(project / name, "a") as file:
            file.write("\n# a comment\n")
        os.utime(project / name, date and (date, date))
        assert would_rerun(project) == users


def test_figure_style_redraws_figures_only(project):
    edit(project / "config/figures.mplstyle", "font.size: 9", "font.size: 10")
    assert would_rerun(project) == PLOTS


def test_group_size_reruns_groups_and_what_follows(project):
    edit(project / "config/tiny.yaml", "groups: {size: 24}", "groups: {size: 20}")
    assert would_rerun(project) == {"find_groups"} | AFTER_GROUPS


def test_damping_reruns_the_hessian_and_what_follows(project):
    edit(
        project / "config/config.yaml",
        "last_layer: {mode: relative, value: 0.001}",
        "last_layer: {mode: relative, value: 0.01}",
    )
    assert would_rerun(project) == {"cache_hessian"} | AFTER_HESSIAN | TRUTH


def test_learning_rate_reruns_training_and_what_follows(project):
    edit(project / "config/tiny.yaml", "learning_rate: 0.02", "learning_rate: 0.03")
    assert would_rerun(project) == {"train_model"} | RETRAINED | AFTER_TRAINING


def test_an_architecture_reruns_the_networks_that_are_built_by_it(project):
    folder = project / "scripts/attribution/networks/architectures"
    shutil.copy(folder / "cnn.py", folder / "another.py")
    edit(folder / "cnn.py", '"""', '"""Changed: ')
    assert would_rerun(project) == set()
    (folder / "another.py").unlink()
    edit(folder / "mlp.py", '"""', '"""Changed: ')
    assert would_rerun(project) == {"train_model", "retrain_truth"} | RETRAINED | AFTER_TRAINING | TRUTH


def test_the_names_of_a_result_file_rerun_its_users_only(project):
    folder = project / "scripts/attribution/files/results"
    edit(folder / "topk.py", "HELPFUL, HARMFUL", "ANOTHER = 1\nHELPFUL, HARMFUL")
    assert would_rerun(project) == set()
    edit(folder / "growth.py", "FILES", "ANOTHER = 1\nFILES")
    assert would_rerun(project) == {
        "measure_group_growth", "plot_group_growth", "plot_turning_point", "evaluate_study", "summarise_study",
    }  # fmt: skip


def test_shares_of_groups_rerun_their_retraining_only(project):
    edit(project / "config/tiny.yaml", "shares: [0.1, 0.2]", "shares: [0.1, 0.25]")
    # predictions of what leaving these groups out does are scores of methods
    assert would_rerun(project) == {
        "retrain_groups", "score_method", "compare_removals", "plot_leave_one_out", "plot_leave_groups_out",
        "summarise_study",
    }  # fmt: skip


def test_swapping_two_values_reruns_training(project):
    edit(project / "config/tiny.yaml", "l1: 0.0001", "l2: 0.0001")
    assert would_rerun(project) >= {"train_model", "cache_gradients"}


def test_a_wrong_setting_stops_before_any_job(project):
    edit(project / "config/tiny.yaml", "groups: {size: 24}", "groups: {size: 4000}")
    done = subprocess.run([*SNAKEMAKE, "-n", "--", "toy"], cwd=project, capture_output=True, text=True)
    assert done.returncode != 0
    assert "groups.size is 4000, but data set 'toy' has 48 training points" in done.stdout + done.stderr


def test_a_data_file_that_is_a_link_to_nowhere_is_said_to_be_one(tmp_path):
    project = copy_of_project(tmp_path)
    (project / "mine.npz").symlink_to("/disk-that-is-not/mine.npz")
    (project / "mine.yaml").write_text("datasets: {mine: {loader: npz, path: mine.npz}}")
    command = [SNAKEMAKE[0], "--configfile", "mine.yaml", "--cores", "1", "-n", "--", "results/mine/data.h5"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode != 0
    assert "datasets.mine.path is 'mine.npz', and there is no such file" in done.stdout + done.stderr
    assert "(mine.npz is a link to '/disk-that-is-not/mine.npz', which leads nowhere" in done.stdout + done.stderr


@pytest.mark.parametrize("scope", ["last_layer", "all_layers"])
def test_both_solvers_give_the_same_influence(finished, tmp_path, scope):
    run_folder = finished / "results/toy/mlp-dropout/seed0"
    folder = run_folder if scope == "last_layer" else run_folder / scope
    files = {
        "data": finished / "results/toy/data.h5",
        "model": run_folder / "model.keras",
        "gradients": folder / "gradients.h5",
        "hessian": tmp_path / "hessian.h5",
    }
    settings = yaml.safe_load((finished / "config/config.yaml").read_text())["influence"]
    damping = settings["damping"][scope]
    cache_hessian.cache_hessian(files, scope, "cg", 64, damping, files["hessian"], {})
    compute_influence.compute_influence(
        files["gradients"],
        inverse_files.open_inverse(files, settings["cg"]),
        files["data"],
        "all",
        1.0,
        ["left", "right", "blue"],
        tmp_path / "influence.h5",
        {},
    )
    (found,) = hdf5.read(tmp_path / "influence.h5", INFLUENCE)
    (expected,) = hdf5.read(folder / "influence.h5", INFLUENCE)
    assert hdf5.attributes(files["hessian"])["solver"] == "cg"
    rows = np.linalg.norm(expected, axis=1)
    assert (np.linalg.norm(found - expected, axis=1) <= SOLVERS_AGREE * rows).all()


def test_topk_is_the_sorted_influence_matrix(finished):
    folders = [finished / "results/toy/mlp-dropout/seed0", finished / "results/toy/mlp-dropout/seed0/all_layers"]
    run(finished, "--", *(str(folder.relative_to(finished) / "topk.h5") for folder in folders))
    for folder in folders:
        (matrix,) = hdf5.read(folder / "influence.h5", INFLUENCE)
        facts = hdf5.attributes(folder / "topk.h5")
        assert facts["created_by"] == "compute_topk" and facts["scale"] == "I, not divided by n"
        n, scale = len(matrix), np.abs(matrix).max(axis=1, keepdims=True)
        for end, sign in ((HELPFUL, 1), (HARMFUL, -1)):
            columns, values = hdf5.read(folder / "topk.h5", f"{end}_train", f"{end}_train_influence")
            others = np.where(np.eye(n, dtype=bool), -np.inf, sign * matrix)
            best = sign * -np.sort(-others, axis=1)[:, : columns.shape[1]]
            # products in float32, as the default asks
            assert (np.abs(values - best) <= 1e-5 * scale).all()
            assert (np.abs(np.take_along_axis(matrix, columns, axis=1) - best) <= 1e-5 * scale).all()
        assert not list(folder.glob(".topk-*"))
        # no target asks for it, and the test below compares all that the study leaves
        (folder / "topk.h5").unlink()


def test_jobs_ask_for_what_they_use(finished):
    rows = asked_and_used.table(finished / "results", asked_and_used.asked(["config/tiny.yaml"], ["toy"]))
    assert {"train_model", "retrain_subsets", "cache_hessian", "plot_dataset"} <= {row["rule"] for row in rows}
    assert not asked_and_used.wrong(rows)


def complete(path: Path) -> bool:
    """Whether a result file can be read to its end."""
    if path.suffix in (".h5", ".keras"):
        opened = h5py.File(path) if path.suffix == ".h5" else zipfile.ZipFile(path)
        with opened:
            return path.suffix == ".h5" or opened.testzip() is None
    ends = {".png": b"IEND\xaeB`\x82", ".pdf": b"%%EOF\n", ".csv": b"\n"}
    return path.read_bytes().endswith(ends[path.suffix])


def arrays_of(folder: Path) -> dict:
    found = {}
    for path in sorted((folder / "results").rglob("[!.]*.h5")):
        with h5py.File(path) as file:
            file.visititems(
                lambda name, item, path=path: (
                    found.update({f"{path.relative_to(folder)}:{name}": item[()]})
                    if isinstance(item, h5py.Dataset)
                    else None
                )
            )
    return found


def test_a_kill_at_any_stage_leaves_whole_files_and_the_next_run_completes(finished, tmp_path):
    folder = copy_of_project(tmp_path)
    for stage in ("train_model", "cache_hessian", "find_groups", "plot_"):
        going = subprocess.Popen(
            [*SNAKEMAKE, "--", STAGES], cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # a job's log exists as soon as the job starts: the kill falls into its work
        while going.poll() is None and not list((folder / "results/logs").glob(f"{stage}*/**/*.log")):
            time.sleep(0.05)
        assert going.poll() is None, f"the run ended before a job of {stage} started"
        os.killpg(going.pid, signal.SIGKILL)
        going.wait()
        results = [path for path in (folder / "results").rglob("[!.]*.*")
                   if path.suffix in (".h5", ".keras", ".png", ".pdf", ".csv")
                   and not {"logs", "benchmarks"} & set(path.parts)
                   and not any(part.startswith(".") for part in path.parts)]  # fmt: skip
        assert all(complete(path) for path in results), [path for path in results if not complete(path)]
        run(folder, "--unlock", "--", STAGES)
    run(folder, "--", STAGES)
    assert "Nothing to be done" in run(folder, "-n", "--", STAGES)
    found, expected = arrays_of(folder), arrays_of(finished)
    files = {name.partition(":")[0] for name in found}
    assert {"data.h5", "gradients.h5", "hessian.h5", "influence.h5", "groups.h5"} <= {Path(file).name for file in files}
    expected = {name: array for name, array in expected.items() if name.partition(":")[0] in files}
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_a_kill_amid_datamodels_keeps_finished_shards(finished, tmp_path):
    folder, whole = tmp_path / "killed", tmp_path / "whole"
    shards = "results/toy/mlp-dropout/seed0/retraining/subsets-alpha*-[1-9].h5"
    for copy in (folder, whole):
        shutil.copytree(finished, copy)
    going = subprocess.Popen(
        [*SNAKEMAKE, "--", FULL], cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    # two run side by side: when the third starts, snakemake has taken note that the first has ended
    logs = "results/logs/retrain_subsets/*-[1-9].log"
    while going.poll() is None and len(list(folder.glob(logs))) < 3:
        time.sleep(0.05)
    assert going.poll() is None, "the run ended before its third shard started"
    os.killpg(going.pid, signal.SIGKILL)
    going.wait()
    kept = {path: path.stat().st_mtime_ns for path in folder.glob(shards)}
    run(folder, "--unlock", "--", FULL)
    run(folder, "--", FULL)
    run(whole, "--", FULL)
    every = list(folder.glob(shards))
    assert 0 < len(kept) < len(every)
    assert sum(path.stat().st_mtime_ns == written for path, written in kept.items()) >= 1
    found, expected = arrays_of(folder), arrays_of(whole)
    assert found.keys() == expected.keys() and any("k36" in name for name in found)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
