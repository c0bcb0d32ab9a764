"""Helm takes a value away that somebody sets to null. No template is to stumble over that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.chart import CHART, Refused, template

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
INTERNAL = ("nil pointer", "error calling", "wrong type for value", "invalid value")
OFTEN_GIVEN = ("postgres", "redis", "nats", "networkPolicy", "ingress", "metrics", "telemetry", "externalSecret")
"""What the default leaves unused."""


def _blocks(values: Mapping[str, Any], *path: str) -> Iterator[tuple[str, ...]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield (*path, name)
            yield from _blocks(value, *path, name)


def _without(values: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = path
    left = {name: value for name, value in values.items() if name != first}
    return left | {first: _without(values[first], tuple(rest))} if rest else left


def _is_required(path: tuple[str, ...]) -> bool:
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    return not validator.is_valid(_without(VALUES, path))


OPTIONAL = [path for path in _blocks(VALUES) if not _is_required(path)]


@pytest.mark.parametrize("path", OPTIONAL, ids=".".join)
def test_a_block_that_is_not_required_may_be_null(path: tuple[str, ...]) -> None:
    said = _said("everything" if path[0] in OFTEN_GIVEN else "default", path)
    assert not [word for word in INTERNAL if word in said], said


def _said(file: str, path: tuple[str, ...]) -> str:
    """Empty: it rendered."""
    try:
        template(file, "--set", f"{'.'.join(path)}=null")
    except Refused as refused:
        return str(refused)
    return ""


def test_one_that_is_required_is_named() -> None:
    with pytest.raises(Refused, match=r"missing property 'drain'"):
        template("default", "--set", "drain=null")
