"""summary.html: a page that says what a study is, how well its network does, and what a target built of it."""

from attribution.runtime import job

job.begin()

from pathlib import Path

from attribution.answers import summary, summary_page
from attribution.files import atomic

LOGS = "results/logs"
# what may stand beside the study's results without being asked for
BESIDE = ("explore.html", "export/*.csv", "export/*.parquet")
ABOVE = ("results/history.csv", "results/figures/history.png")


def summarise_study(
    files: dict, study: str, facts: dict, tables: dict, template: list[str], level: float, path: str
) -> None:
    """Write the page.

    Args:
        files: `data` with shown names, where the target builds something of the study's own run its `gradients`, and
            but for a last layer alone `history` and `model`; `shown`, the tables on the page, with `captions`; and
            `others`, what else the target makes of the study.
        study: its name. facts: `dataset`, `model`, `seed`, `recipe`, `models` and `description` of the settings.
        tables: path of a table -> its title and the name of its caption's file. template: of the page, alone in a list.
        level: confidence of intervals.
    """
    (template,) = template
    captions = {Path(file).name: Path(file).read_text(encoding="utf-8") for file in _list(files.get("captions", []))}
    jobs = summary.jobs(summary.lines_of(LOGS), study, facts["dataset"], facts["models"])
    home = Path(files["data"]).parent / facts["model"] / f"seed{facts['seed']}"
    beside = [str(file) for pattern in BESIDE for file in sorted(home.glob(pattern))]
    beside += [file for file in ABOVE if Path(file).is_file()]
    if "model" in files:
        network = summary.of_network(files["model"], files["history"], facts["model"], facts["recipe"])
    elif "gradients" in files:
        network = summary.of_last_layer(files["data"], files["gradients"], facts["model"], facts["recipe"])
    else:
        network = summary.of_recipe(facts["model"], facts["recipe"])
    accuracy = {}
    if "gradients" in files:
        accuracy = {"Accuracy": summary.of_accuracy(files["data"], files["gradients"], level)}
    made = [*beside, *_list(files["shown"]), *_list(files["others"])]
    page = {
        "title": study,
        "description": facts["description"],
        "cards": {
            "Data": summary.of_data(files["data"], facts["dataset"]),
            **accuracy,
            "Jobs": summary.of_jobs(jobs),
            "Network": network,
            "Methods that ran": summary.methods(jobs),
        },
        "tables": [
            summary_page.table(file, title, captions[caption]) for file, (title, caption) in tables.items()
        ],
        "jobs": summary_page.cells(summary.by_rule(jobs)),
        "files": summary_page.linked(list(dict.fromkeys(made)), path),
    }  # fmt: skip
    with atomic.replacing(path) as temporary:
        temporary.write_text(summary_page.render(template, page), encoding="utf-8")


def _list(files: str | list[str]) -> list[str]:
    return [files] if isinstance(files, str) else files


job.run(summarise_study)
