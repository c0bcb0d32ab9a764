"""YAML into plain data with lines: what is read, what is refused, and where the fault is said to be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routeiq.config.problems import Problems
from routeiq.config.scalars import JSONValue
from routeiq.config.yaml_tree import MAX_DEPTH, parse


def read(text: str) -> tuple[JSONValue, Problems]:
    problems = Problems("f.yaml")
    return parse(text, problems), problems


def fault(text: str) -> str:
    return str(read(text)[1].errors[0])


def is_read_or_refused(text: str) -> bool:
    """Whether it came to a value that JSON can hold, or to faults that all name their place."""
    value, problems = read(text)
    json.dumps(value)
    return all(str(one).startswith("f.yaml") for one in problems.errors)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-7", -7), ("0x1F", 31), ("1_000", 1000), ("1e3", 1000.0), ("2.5", 2.5), ("true", True),
        ("False", False), ("~", None),
        ("on", "on"), ("no", "no"), ("012", "012"), ("2024-02-01", "2024-02-01"), ("'5'", "5"), ("!!str 5", "5"),
        ("12:30", "12:30"),
        ("1" * 50, "1" * 50), ("", None), ("<<", "<<"),
    ],
)  # fmt: skip
def test_scalar_is_read_as_yaml_1_2_and_keeps_its_text_where_a_number_would_lose_it(
    text: str, value: JSONValue
) -> None:
    data, problems = read(f"key: {text}")
    assert data == {"key": value}
    assert not problems.errors


def test_infinity_is_a_number() -> None:
    assert read("a: .inf\nb: -.INF")[0] == {"a": float("inf"), "b": float("-inf")}


def test_every_value_knows_its_line() -> None:
    _, problems = read("a: 1\nb:\n  - x: 1\n    y: 2\n  - z\n")
    lines = problems.lines
    assert lines[("a",)] == 1
    assert lines[("b", 0, "y")] == 4
    assert lines[("b", 1)] == 5


def test_merge_keys_inherit_what_is_not_written_in_place() -> None:
    data, problems = read("base: &b {a: 1, n: {x: 1}}\nother: &o {a: 5, c: 3}\nuse:\n  <<: [*b, *o]\n  b: 2\n")
    assert isinstance(data, dict)
    assert data["use"] == {"a": 1, "n": {"x": 1}, "b": 2, "c": 3}
    assert problems.lines[("use", "a")] == 1


def test_own_key_beats_a_merged_one() -> None:
    data, problems = read("base: &b {a: 1}\nuse: {<<: *b, a: 2}\n")
    assert isinstance(data, dict)
    assert data["use"] == {"a": 2}
    assert problems.lines[("use", "a")] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1", "f.yaml:2: is not valid YAML: a tab cannot indent; use spaces"),
        ("a: 1\na: 2", "f.yaml:2: a: is given twice; the first is on line 1"),
        ("a: [1", "f.yaml:1: is not valid YAML"),
        ("a: *b", "f.yaml:1: is not valid YAML: found undefined alias 'b'"),
        ("a: 1\n---\nb: 2", "f.yaml:2: holds more than one YAML document"),
        ("a: \x00", "f.yaml:1: holds a character that YAML does not allow (U+0000)"),
        ("a: 1\nb: \x07", "f.yaml:2: holds a character that YAML does not allow (U+0007)"),
        ("a: &x [*x]", "f.yaml:1: holds an alias that contains itself"),
        ("a: &x {<<: *x}", "f.yaml:1: holds an alias that contains itself"),
        ("a: !!python/object:os.system ls", "f.yaml:1: a: has a YAML tag that is not supported"),
        ("a: !!set {b}", "f.yaml:1: a: has a YAML tag that is not supported"),
        ("b: 1\n? [k]\n: v", "f.yaml:2: has a key that is not plain text"),
        ("'': v", "f.yaml:1: has a key that is not plain text"),
        ("a: {<<: 5}", "f.yaml:1: a: merges (`<<`) something that is not a mapping"),
        ("%YAML 9\n---\na: 1", "f.yaml:"),
        ("[" * 5000, "f.yaml:1: is nested too deeply"),
        ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "f.yaml:1: is nested too deeply"),
    ],
)
def test_fault_names_its_line(text: str, message: str) -> None:
    assert fault(text).startswith(message)


def test_two_anchors_of_one_name_are_no_fault() -> None:
    assert read("a: &x 1\nb: &x 2\nc: *x")[0] == {"a": 1, "b": 2, "c": 2}


def test_alias_bomb_is_refused() -> None:
    layers = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    layers += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "expands to more than" in fault("\n".join(layers))


def test_merge_bomb_is_refused() -> None:
    layers = ["a0: &a0 {k: [x,x,x,x,x,x,x,x,x,x]}"]
    layers += [f"a{n}: &a{n} {{l: [{','.join([f'{{<<: *a{n - 1}}}'] * 10)}]}}" for n in range(1, 8)]
    assert "expands to more than" in fault("\n".join(layers))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-?&*!|>%@`'\"{}[],#\n\t <~0.\\\x00\ufeff"), max_size=60))
def test_parser_never_raises(text: str) -> None:
    assert is_read_or_refused(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_parser_never_raises_on_any_text(text: str) -> None:
    assert is_read_or_refused(text)
