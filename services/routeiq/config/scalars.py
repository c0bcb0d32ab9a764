"""One YAML scalar as a plain value. What would lose its text by becoming a number (`012`) stays text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias, Union

JSONValue: TypeAlias = Union[bool, int, float, str, list["JSONValue"], dict[str, "JSONValue"], None]  # noqa: UP007 (a recursive name)
JSONObject: TypeAlias = dict[str, JSONValue]

_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"true", "yes", "on", "y"})
_MAX_DIGITS = 40


class NotPlain(ValueError):
    """The scalar has a tag that stands for no plain value."""


def scalar(tag: str, text: str) -> JSONValue:
    """Raises: NotPlain: the tag is not one of YAML's plain ones. Dates are text: an `api_version` may look like one."""
    convert = _CONVERTERS.get(tag.removeprefix(_TAG))
    if convert is None:
        raise NotPlain("has a YAML tag that is not supported; use plain values")
    return convert(text)


def _integer(text: str) -> JSONValue:
    if len(text) > _MAX_DIGITS or re.fullmatch(r"[-+]?0\d+", text):
        return text
    digits = text.replace("_", "")
    try:
        return int(digits, 0)
    except ValueError:
        return text


def _number(text: str) -> JSONValue:
    plain = text.replace("_", "").lower()
    try:
        return float(re.sub(r"^([-+]?)\.(inf|nan)$", r"\1\2", plain))
    except ValueError:
        return text


_CONVERTERS: Mapping[str, Callable[[str], JSONValue]] = {
    "str": str,
    "timestamp": str,
    "merge": str,
    "null": lambda _: None,
    "bool": lambda text: text.lower() in _TRUE,
    "int": _integer,
    "float": _number,
}
