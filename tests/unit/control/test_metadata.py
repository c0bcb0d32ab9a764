"""`metadata`, and the fields that LiteLLM keeps in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.control.fields import Body
from routeiq.control.metadata import merge_patch, merged_metadata, read_inside

BACKED = ("tags", "guardrails")

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


class Noted(Body):
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    guardrails: list[str] | None = None


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        ({}, {}, {}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"metadata": {"b": 2}}, {"b": 2}),
        ({"a": 1}, {"metadata": None}, {}),
        ({"a": 1}, {"tags": ["x"]}, {"a": 1, "tags": ["x"]}),
        ({"tags": ["x"]}, {"tags": None}, {"tags": ["x"]}),
        ({"tags": ["x"]}, {"tags": []}, {"tags": []}),
        ({"tags": ["x"]}, {"metadata": {"b": 2}}, {"b": 2}),
        ({}, {"metadata": {"tags": ["x"]}, "tags": ["y"]}, {"tags": ["y"]}),
        ({"ours": 1}, {"metadata": {"ours": 2, "b": 2}}, {"ours": 1, "b": 2}),
        ({}, {"metadata": {"ours": 2}}, {}),
    ],
)
def test_metadata_is_replaced_and_fields_are_put_on_top(
    before: dict[str, Any], sent: dict[str, Any], after: dict[str, Any]
) -> None:
    assert merged_metadata(before, Noted.model_validate(sent), BACKED, ("ours",)) == after


def test_a_field_inside_is_one_beside() -> None:
    assert read_inside({"metadata": {"tags": 1, "x": 2}}, BACKED) == {"metadata": {"tags": 1, "x": 2}, "tags": 1}
    assert read_inside({"metadata": {"tags": 1}, "tags": 2}, BACKED) == {"metadata": {"tags": 1}, "tags": 2}
    assert read_inside([], BACKED) == []


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], {"a": {"b": None}}, {"a": {}}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ],
)
def test_merge_patches_are_those_of_rfc_7386(before: object, patch: object, after: object) -> None:
    assert merge_patch(before, patch) == after


@given(documents, documents)
def test_a_patch_has_its_effect_once(before: object, patch: object) -> None:
    once = merge_patch(before, patch)
    assert merge_patch(once, patch) == once
