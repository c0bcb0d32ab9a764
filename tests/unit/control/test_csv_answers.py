"""CSV that every reader takes (RFC 4180), and no spreadsheet executes."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.control.usage.csv_answers import csv_text


def test_what_has_a_meaning_is_quoted() -> None:
    assert csv_text([["a,b", 'say "x"', "two\r\nlines", ""]]) == '"a,b","say ""x""","two\r\nlines",\r\n'


def test_values_are_written_in_full() -> None:
    moment = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
    row = [True, None, 0.000001, -1, 1e22, date(2026, 11, 21), moment]
    assert csv_text([row]) == "true,,0.000001,-1,10000000000000000000000,2026-11-21,2026-11-21T01:02:03+00:00\r\n"


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "  =", " @"])
def test_a_formula_is_a_text(begins: str) -> None:
    [[cell]] = csv.reader(io.StringIO(csv_text([[f"{begins}1+1"]]), newline=""))
    assert cell == f"'{begins}1+1"


@given(st.lists(st.text().filter(lambda one: "\0" not in one), min_size=1))
def test_what_is_read_is_what_was_written(row: list[str]) -> None:
    [found] = csv.reader(io.StringIO(csv_text([row]), newline=""))
    assert [one.removeprefix("'") for one in found] == [one.removeprefix("'") for one in row]
