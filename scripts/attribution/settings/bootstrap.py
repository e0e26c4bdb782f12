"""Section `bootstrap`: what all intervals share, unless a section of results says otherwise."""

import copy

KEYS = ("resamples", "level", "seed")
USERS = ("retrieval", "inspection")


def spread(config: dict) -> dict:
    """A copy of checked settings in which sections with intervals hold their own KEYS, else those of `bootstrap`."""
    config = copy.deepcopy(config)
    for name in USERS:
        own = config[name]
        rest = {key: value for key, value in own.items() if key not in KEYS}
        config[name] = rest | {key: own.get(key, config["bootstrap"][key]) for key in KEYS}
    return config
