"""How problems are rendered and sorted, and which name a misspelt one means."""

from __future__ import annotations

import pytest

from routeiq.config.nearest import did_you_mean, nearest
from routeiq.config.problems import Problems, dotted
from routeiq.kit.errors import ConfigurationError


def test_problems_are_sorted_by_line_and_rendered_with_their_path() -> None:
    problems = Problems("f.yaml", {("b",): 7, ("a", 0): 2})
    problems.error(("b",), "second")
    problems.warning(("a", 0, "deep"), "first")
    assert [str(one) for one in problems.all()] == ["f.yaml:2: a[0].deep: warning: first", "f.yaml:7: b: second"]


def test_problem_without_a_line_names_the_file_alone() -> None:
    problems = Problems("defaults")
    problems.error((), "odd")
    assert str(problems.errors[0]) == "defaults: odd"


def test_same_problem_is_reported_once() -> None:
    problems = Problems("f")
    problems.error(("a",), "x")
    problems.error(("a",), "x")
    assert len(problems.errors) == 1


def test_errors_raise_together_and_warnings_do_not() -> None:
    problems = Problems("f")
    problems.warning((), "w")
    problems.raise_errors()
    problems.error((), "one")
    problems.error((), "two")
    with pytest.raises(ConfigurationError) as raised:
        problems.raise_errors()
    assert raised.value.problems == ["f: one", "f: two"]


def test_key_with_a_line_break_stays_on_one_line() -> None:
    assert "\n" not in dotted(("a\nb", 1, "x" * 200))


@pytest.mark.parametrize(
    ("name", "meant"), [("num_retrys", "num_retries"), ("Num-Retries", "num_retries"), ("zzz", None)]
)
def test_nearest_name(name: str, meant: str | None) -> None:
    assert nearest(name, ["num_retries", "timeout"]) == meant


def test_no_near_name_gives_no_hint() -> None:
    assert did_you_mean("zzz", ["num_retries"]) == ""


def test_a_name_that_is_not_printable_is_no_hint() -> None:
    assert nearest("name", ["name\n", "names"]) == "names"
