"""JSON columns: what a database keeps can be read, also what is more than JSON."""

from __future__ import annotations

from math import inf, isnan

import pytest

from routeiq.kit.db.engines import read_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":[1,2.5,null,true,"\\u00e9"]}', {"a": [1, 2.5, None, True, "é"]}),
        (b'{"a":1}', {"a": 1}),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ('{"a":1e400}', {"a": inf}),
        ('"\\ud800"', "\ud800"),
    ],
)
def test_what_is_kept_is_read(text: str | bytes, value: object) -> None:
    assert read_json(text) == value


def test_no_number_is_one_too() -> None:
    assert isnan(read_json("NaN"))


def test_what_is_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        read_json("{")
