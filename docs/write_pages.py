"""Write the blocks of README.md, config/README.md and the pages in docs/ that follow from other files.

python docs/write_pages.py      writes them in place, and names the pages that changed

A block stands between `<!-- written: NAME ARGUMENTS -->` and `<!-- end -->`; all else on a page is written by hand.
"""

from pathlib import Path

from writing import advice, asked, blocks, border, choosing, choosing_groups, results, settings, workflow

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "config/README.md", "docs/choosing.md", "docs/results.md", "docs/map.md")
WRITERS = {
    "table": results.result,
    "sources": results.sources,
    "choosing": choosing.table,
    "partitions": choosing_groups.partitions,
    "stops": choosing_groups.stops,
    "recipes": advice.recipes,
    "trainings": advice.trainings,
    "labels": advice.labels,
    "largest": advice.largest,
    "border": border.table,
    "asked": asked.table,
    "settings": settings.section,
    "targets": workflow.targets,
    "graph": workflow.graph,
    "folders": workflow.folders,
    "rules": workflow.steps,
}


def written(page: str) -> str:
    """A page's text with its blocks written anew."""
    return blocks.fill((ROOT / page).read_text(), WRITERS)


if __name__ == "__main__":
    for page in PAGES:
        text = written(page)
        if text != (ROOT / page).read_text():
            (ROOT / page).write_text(text)
            print(page)
