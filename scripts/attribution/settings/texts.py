"""Settings that are texts, where YAML or the command line read something else."""

import copy
import json
import re
from collections.abc import Iterable, Mapping

import yaml
from jsonschema import Draft202012Validator

from attribution.settings.errors import SettingError, key_of

CANONICAL = re.compile(r"-?(0|[1-9][0-9]*)")


def typed(config: dict, entries: Iterable[str]) -> dict:
    """A copy of the settings in which values of `--config` are typed as in a file.

    Snakemake takes everything inside braces of `--config 'groups={size: 25}'` for text, and merges it so.

    Args:
        config: with those texts. entries: the arguments, "groups={size: 25}".
    """
    config = copy.deepcopy(config)
    for entry in entries:
        section, _, text = entry.partition("=")
        try:
            texts, values = yaml.load(text, Loader=yaml.BaseLoader), yaml.safe_load(text)
        except yaml.YAMLError:
            continue  # a plain text with braces in it, which Snakemake leaves as it is
        if isinstance(texts, Mapping):
            _retype(config[section], texts, values)
    return config


def _retype(config: dict, texts: Mapping, values: Mapping) -> None:
    if len(texts) != len(values):
        return  # names that only quotes tell apart: they stay texts
    for (key, text), value in zip(texts.items(), values.values(), strict=True):
        if isinstance(text, Mapping):
            _retype(config[key], text, value)
        else:
            config[key] = value


def odd_numbers(text: str) -> dict[int, str]:
    """Whole numbers of a YAML file that YAML reads as another number than they look: 010 is 8, 12:30 is 750."""
    found = {}
    try:
        for token in yaml.scan(text):
            if isinstance(token, yaml.ScalarToken) and token.plain and not CANONICAL.fullmatch(token.value):
                value = yaml.safe_load(token.value) if re.match("[-+0-9]", token.value) else None
                if type(value) is int:
                    found[value] = token.value
    except yaml.YAMLError:
        pass  # the file's reader has reported it
    return found


def as_texts(config: dict, schema: dict, odd: Mapping[int, str] = {}) -> dict:
    """A copy of the settings in which whole numbers are texts wherever the schema wants one.

    Args:
        odd: see `odd_numbers`; they are not taken for texts, as their digits are lost.

    Raises:
        SettingError: one sentence, for what YAML reads as a Boolean, a date, a broken number or nothing.
    """
    config = copy.deepcopy(config)
    # values before names, inner names before outer ones: each error's path then still holds
    errors = sorted(_not_text(config, schema), key=lambda error: (_is_name(error), -len(error.absolute_path)))
    for error in errors:
        path, found = list(error.absolute_path), error.instance
        where = f"{key_of(path)} has the name" if _is_name(error) else f"{key_of(path)} is"
        if type(found) is not int:
            raise SettingError(f"{where} {_shown(found)}: YAML reads {_reading(found)}; put the text in quotes")
        if found in odd:
            raise SettingError(f"{where} {odd[found]}: YAML reads that as the number {found}; put the text in quotes")
        owner = config
        for key in path if _is_name(error) else path[:-1]:
            owner = owner[key]
        if not _is_name(error):
            owner[path[-1]] = str(found)
        elif str(found) in owner:
            raise SettingError(f"{where} {found} twice, as a number and as a text; write it one way")
        else:
            # the order of names is kept: it is that of superclasses
            renamed = {str(key) if type(key) is int and key == found else key: value for key, value in owner.items()}
            owner.clear()
            owner.update(renamed)
    return config


def _not_text(config: dict, schema: dict) -> list:
    """Errors of the schema where a text is wanted, and YAML may have read one as something else."""
    found = []
    for error in Draft202012Validator(schema).iter_errors(config):
        only_text = error.validator == "type" and error.validator_value == "string"
        also_text = error.validator == "type" and "string" in error.validator_value
        if isinstance(error.instance, (list, dict)):
            continue
        if only_text or (also_text and not isinstance(error.instance, float)):
            found.append(error)
    return found


def _is_name(error) -> bool:
    return "propertyNames" in error.absolute_schema_path


def _shown(value) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _reading(value) -> str:
    if isinstance(value, bool):
        words = "yes, on and true" if value else "no, off and false"
        return f"{words} as a Boolean"
    if value is None:
        return "null, ~ and nothing at all as no value"
    kind = "number" if isinstance(value, float) else type(value).__name__
    return f"that as a {kind}"
