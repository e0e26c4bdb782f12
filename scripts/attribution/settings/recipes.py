"""What follows from a recipe: whether its networks are trained at once, and weights of classes by their numbers.

The standard library only.
"""

from attribution.settings.errors import SettingError, one_of

# the architecture of which many are trained at once, and keys by which its inputs change inside the network
AT_ONCE, CHANGED = "mlp", ("rescale", "standardise")


def one_by_one(recipe: dict) -> str:
    """Why `training.ensemble` does not train networks of a recipe at once, a sentence; empty where it does."""
    if recipe["architecture"] != AT_ONCE:
        return f"architecture is '{recipe['architecture']}'; networks are trained at once for {AT_ONCE} only"
    for key in CHANGED:
        if recipe.get(key):
            return f"{key} is set, but networks are trained at once on the data as it is; store it so"
    return ""


def numbered(model: str, recipe: dict, dataset: str, names: list[str]) -> dict:
    """A recipe whose class weights by name are a list, in the order of the classes' numbers.

    Args:
        model, dataset: their names, for messages. names: of the data set's classes, empty where only its file knows.

    Raises:
        SettingError: one sentence, for a name that no class has.
    """
    chosen, where = recipe["class_weights"], f"models.{model}.class_weights"
    for name in chosen:
        if names:
            one_of(where, name, names)
        elif not name.isdecimal():
            raise SettingError(
                f"{where} names '{name}', but data set '{dataset}' has no names of classes; "
                f"give datasets.{dataset}.class_names too, or the classes' numbers here"
            )
    known = names or [str(number) for number in range(1 + max(map(int, chosen)))]
    return recipe | {"class_weights": [float(chosen.get(name, 1)) for name in known]}
