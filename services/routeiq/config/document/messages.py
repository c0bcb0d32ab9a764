"""pydantic's findings in the document's own terms: a location, and a text without the offending value."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from routeiq.config.problems import Location, Problems
from routeiq.config.scalars import JSONValue

_TEXTS = {
    "missing": "is required",
    "string_type": "must be text; put it in quotes",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def report(
    error: ValidationError, raw: JSONValue, at: Location, unresolved: Collection[Location], problems: Problems
) -> None:
    """One problem per finding; those about a value whose environment variable is missing are known already."""
    for detail in error.errors(include_url=False, include_context=True, include_input=False):
        where = (*at, *_inside(detail, raw))
        if where not in unresolved:
            problems.error(where, _text(detail))


def _inside(detail: ErrorDetails, raw: JSONValue) -> Location:
    """The part of pydantic's location that the document has: its own names for alternatives are left off."""
    found: list[str | int] = []
    for part in detail["loc"]:
        inner = _child(raw, part)
        if inner is None and detail["type"] != "missing":
            break
        found.append(part)
        raw = inner
    return tuple(found)


def _child(raw: JSONValue, part: str | int) -> JSONValue:
    if isinstance(raw, dict) and isinstance(part, str):
        return raw.get(part)
    return raw[part] if isinstance(raw, list) and isinstance(part, int) and part < len(raw) else None


def _text(detail: ErrorDetails) -> str:
    known = _TEXTS.get(detail["type"])
    if known:
        return known
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message.replace("should be", "must be", 1)
