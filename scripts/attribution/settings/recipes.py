"""How networks of a recipe are trained without some points: all at once, or one by one; the standard library only."""

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
