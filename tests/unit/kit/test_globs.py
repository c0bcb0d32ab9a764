"""Patterns with stars."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.kit.globs import glob


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("*", "", True),
        ("a*", "a", True),
        ("*a", "ba", True),
        ("a*a", "a", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("**", "anything", True),
        ("a.c", "abc", False),
        ("*", "a\nb", False),
    ],
)
def test_a_star_stands_for_any_text(pattern: str, text: str, *, fits: bool) -> None:
    assert bool(glob(pattern).fullmatch(text)) is fits


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_it_is_what_trying_every_way_would_find(pattern: str, text: str) -> None:
    slow = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    assert bool(glob(pattern).fullmatch(text)) is bool(slow.fullmatch(text))


def test_no_number_of_stars_takes_for_ever() -> None:
    assert not glob("*a" * 40 + "*b").fullmatch("a" * 5000)
