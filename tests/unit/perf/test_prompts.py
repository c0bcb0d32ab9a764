"""Request bodies for the benchmark: enough, different, deterministic, of the right size."""

from __future__ import annotations

import json

from tests.perf.prompts import LONG_BYTES, MARK, bodies, extended, long_body, real_prompts

SOME = [f"question {i} about the weather in town {i * 7}" for i in range(40)]


def test_the_repository_has_thousands_of_prompts() -> None:
    found = real_prompts()
    assert len(found) > 5000
    assert len(set(found)) == len(found)


def test_extended_keeps_what_is_real_and_repeats_nothing() -> None:
    found = extended(SOME, 100)
    assert len(set(found)) == 100
    assert set(SOME) <= set(found)
    assert found == extended(SOME, 100)


def test_a_body_a_line() -> None:
    lines = bodies("auto", ["a\nb", "c"]).splitlines()
    assert [json.loads(line)["messages"][0]["content"] for line in lines] == ["a\nb", "c"]


def test_new_bodies_carry_the_mark_once() -> None:
    assert bodies("auto", SOME, new=True).count(MARK.encode()) == len(SOME)


def test_long_body_is_about_100_kib() -> None:
    assert LONG_BYTES <= len(long_body("bench", SOME)) < LONG_BYTES * 1.1
