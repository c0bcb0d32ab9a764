"""What control makes of the document's settings of keys, users and teams."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from routeiq.config.document.key_metadata import KeyMetadata
from routeiq.control.keys.fields import BACKED
from routeiq.control.keys.shapes import GenerateKey
from tests.support.terms import terms

SATURDAY = datetime(2026, 11, 21, 21, 38, 55, tzinfo=UTC)


def test_a_document_that_says_nothing_gives_and_forbids_nothing() -> None:
    found = terms("")
    assert (found.keys, found.users, found.internal_users, found.teams, found.joinable) == ({}, {}, {}, {}, ())
    assert found.custom_keys
    assert found.limits.model_dump(exclude_none=True) == {}


def test_budgets_begin_anew_where_and_when_the_document_says() -> None:
    found = terms("timezone: Europe/Berlin, budget_reset_time: '06:30'")
    assert found.resets("1d", SATURDAY) == datetime(2026, 11, 22, 5, 30, tzinfo=UTC)


def test_older_names_give_way_to_newer_ones() -> None:
    older = "default_max_internal_user_budget: 3, default_team_settings: [{team_id: t, max_budget: 4}]"
    newer = "max_internal_user_budget: 5, default_team_params: {max_budget: 6}"
    assert (terms(older).internal_users, terms(older).teams) == ({"max_budget": 3}, {"max_budget": 4})
    both = terms(f"{older}, {newer}")
    assert (both.internal_users, both.teams) == ({"max_budget": 5}, {"max_budget": 6})


def test_zero_is_something() -> None:
    found = terms("default_key_generate_params: {max_budget: 0, models: []}, max_internal_user_budget: 0")
    assert found.keys == {"max_budget": 0}
    assert found.internal_users == {"max_budget": 0}


WRONG: list[Any] = [
    -1, 0, 2**60, True, "x", "", "dynamic", "2027-01-01", [], [1], ["x"], [{}], {}, {"a": -1}, {"a": 1}, {"a": "x"},
    {"": 1}, "a\0b", ["a\0b"], {"a\0b": 1}, "\ud800", 1.5, "x" * 300, None,
]  # fmt: skip


@pytest.mark.parametrize("name", [*BACKED, "note"])
def test_what_metadata_the_document_takes_a_request_takes(name: str) -> None:
    taken = [value for value in WRONG if _takes(KeyMetadata, {name: value})]
    assert taken
    refused = [value for value in taken if not _takes(GenerateKey, {"metadata": _dumped(name, value)})]
    assert refused == []


def test_a_temporary_budget_has_an_end() -> None:
    assert not _takes(KeyMetadata, {"temp_budget_increase": 5})
    assert _takes(KeyMetadata, {"temp_budget_increase": 5, "temp_budget_expiry": "2027-01-01T00:00:00Z"})


def test_metadata_knows_every_field_that_litellm_keeps_there() -> None:
    assert set(BACKED) == set(KeyMetadata.model_fields)


def _dumped(name: str, value: Any) -> Any:
    return KeyMetadata.model_validate({name: value}).model_dump(mode="json", exclude_unset=True)


def _takes(kind: type[BaseModel], sent: Any) -> bool:
    try:
        kind.model_validate(sent)
    except ValidationError:
        return False
    return True
