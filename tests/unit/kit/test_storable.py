"""What a management request may hold."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from routeiq.control.fields import Body
from routeiq.kit.storable import MOST_CHARACTERS, MOST_DEPTH, check_storable


class Noted(Body):
    metadata: dict[str, object] | None = None


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", ["", "Büdget 予算 💸", 1, None, True, 1.5, {"a": [1, {"b": "c"}]}, nested(MOST_DEPTH)]
)
def test_ordinary_values_pass(value: object) -> None:
    assert check_storable(value) is value


@pytest.mark.parametrize(
    "value",
    [
        "nul\0", "half \ud800", {"nul\0": 1}, [{"a": "\0"}], math.nan, [math.inf], -math.inf,
        nested(MOST_DEPTH + 1), "x" * (MOST_CHARACTERS + 1), ["x" * 1000] * 1001,
    ],
)  # fmt: skip
def test_what_no_database_takes_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"a text|a number|longer"):
        check_storable(value)


def test_every_body_is_checked_also_in_what_is_only_kept() -> None:
    with pytest.raises(ValidationError):
        Noted.model_validate({"metadata": {"deep": [{"in": "nul\0"}]}})
    with pytest.raises(ValidationError):
        Noted.model_validate({"unknown": "nul\0"})
