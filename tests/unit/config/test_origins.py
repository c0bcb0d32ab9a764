"""On whose word the address of a model that was added by API is called."""

from __future__ import annotations

import pytest

from routeiq.config.names import find_group
from routeiq.kit.outbound import Origin
from tests.support.overlays import EMPTY, merged, model, provider

OLLAMA = {"OLLAMA_API_BASE": "http://127.0.0.1:11434"}


@pytest.mark.parametrize("environ", [{}, OLLAMA])
@pytest.mark.parametrize(
    ("params", "origin"),
    [({}, Origin.DOCUMENT), ({"api_base": "https://own.example"}, Origin.OPERATOR)],
)
def test_an_address_that_the_entry_does_not_say_is_the_operators_own(
    params: dict[str, str], origin: Origin, environ: dict[str, str]
) -> None:
    state, problems = merged(model(model="ollama/x", **params), text=EMPTY, **environ)
    assert problems == []
    assert state.groups["new"].deployments[0].origin is origin  # type: ignore[index]  # a name


def test_an_added_wildcard_calls_what_the_environment_names() -> None:
    state, _ = merged(model(name="*", model="*"), text=EMPTY, **OLLAMA)
    found = find_group(state, "ollama/x")
    assert found is not None
    (one,) = found.deployments
    assert (one.api_base, one.origin) == (OLLAMA["OLLAMA_API_BASE"], Origin.DOCUMENT)


def test_who_joins_a_group_of_the_document_is_called_on_its_own_word() -> None:
    state, _ = merged(model(name="a", model="simulated/x", api_base="https://own.example"))
    documents, added = state.groups["a"].deployments  # type: ignore[index]  # a name
    assert (documents.origin, added.origin) == (Origin.DOCUMENT, Origin.OPERATOR)


def test_an_added_provider_is_called_on_its_own_word() -> None:
    state, _ = merged(provider("own"), text=EMPTY)
    assert [one.origin for entry in state.providers for one in entry.models] == [Origin.OPERATOR]
