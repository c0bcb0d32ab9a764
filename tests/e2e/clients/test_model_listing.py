"""`/models`: what a key may call, as OpenAI's and LiteLLM's clients list it."""

from __future__ import annotations

from types import ModuleType

import pytest
from openai import NotFoundError

from tests.support.fleet import KEY
from tests.support.replicas import Manager, soon

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
SIMULATED = {"model": "simulated/x", "tokens_per_second": 0, "ttft_ms": 0}


def _listed(manager: Manager, key: str = KEY) -> set[str]:
    return {model.id for model in manager.openai(key).models.list()}


def test_a_key_lists_what_it_may_call_and_no_more(one: Manager, two: Manager) -> None:
    """`auto` is for whoever may call some of its models."""
    assert _listed(one) == _listed(two) >= {"auto", "first", "second"}
    key = one.post("/key/generate", {"models": ["first"], "aliases": {"best": "first"}})["key"]
    assert _listed(one, key) == _listed(two, key) == {"auto", "first", "best"}
    models = two.openai(key).models
    assert (models.retrieve("first").id, models.retrieve("best").object) == ("first", "model")
    with pytest.raises(NotFoundError, match="does not exist or is not accessible"):
        models.retrieve("second")
    one.post("/key/update", {"key": key, "models": ["cheap"], "aliases": {}})
    assert _listed(one, key) == {"auto", "second"}
    soon(lambda: _listed(two, key), {"auto", "second"})
    one.post("/key/delete", {"keys": [key]})


def test_a_teams_key_lists_what_both_may_call(one: Manager, two: Manager) -> None:
    team = one.post("/team/new", {"models": ["first"], "model_aliases": {"ours": "first"}})["team_id"]
    key = one.post("/key/generate", {"team_id": team, "models": ["all-team-models"]})["key"]
    assert _listed(two, key) == {"auto", "first", "ours"}
    one.post("/team/update", {"team_id": team, "models": ["second"]})
    soon(lambda: "second" in _listed(two, key))
    assert "first" not in _listed(two, key)
    two.post("/team/delete", {"team_ids": [team]})


def test_what_is_added_is_listed_as_long_as_it_is_there(litellm: ModuleType, one: Manager, two: Manager) -> None:
    made = one.post("/model/new", {"model_name": "org/added", "litellm_params": SIMULATED})["model_id"]
    assert "org/added" in _listed(one)
    soon(lambda: "org/added" in _listed(two))
    assert two.openai(KEY).models.retrieve("org/added").owned_by == "simulated"
    (entry,) = (model for model in litellm.Client(two.url, KEY).models.list() if model["id"] == "org/added")
    assert (entry["object"], entry["mode"]) == ("model", "chat")
    two.post("/model/delete", {"id": made})
    assert "org/added" not in _listed(two)
    soon(lambda: "org/added" in _listed(one), False)
