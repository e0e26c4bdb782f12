"""Names that stand in paths below results/: of data sets, studies, models and variants."""

from attribution.settings.errors import SettingError

# folders that results/ has beside those of data sets and studies
TAKEN = ("figures", "logs", "benchmarks", "downloads", "own")
# a folder of that name would stand where a file of that kind does
ENDINGS = (".h5", ".csv", ".html")
LONGEST = 64  # bytes: two names and a variant's make the name of a log, of which file systems allow 255


def check(config: dict) -> None:
    """Check the names that the schema's pattern lets through.

    Raises:
        SettingError: one sentence.
    """
    folders = [(f"{section}.{name}", name) for section in ("datasets", "studies") for name in config[section]]
    models = [(f"models.{name}", name) for name in config["models"]]
    variants = [(f"groups.variants.{name}", name) for name in config["groups"]["variants"]]
    for key, name in folders:
        if name.casefold() in TAKEN:
            raise SettingError(f"{key} has a name that results/ uses itself, as {', '.join(TAKEN)}; take another name")
    for key, name in [*folders, *models, *variants]:
        if name.casefold().endswith(ENDINGS):
            raise SettingError(f"{key} has a name that ends as a file's does, {', '.join(ENDINGS)}; take another name")
        if len(name.encode()) > LONGEST:
            raise SettingError(f"{key} has a name of {len(name.encode())} bytes; allowed are {LONGEST}")
    for same_folder in (folders, models, variants):
        seen = {}
        for key, name in same_folder:
            # a data set and a study may share a name, and usually do
            first, spelled = seen.setdefault(name.casefold(), (key, name))
            if spelled != name:
                raise SettingError(f"{key} and {first} differ only in capitals, which some file systems take for one")
