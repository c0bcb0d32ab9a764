"""`/api/v1/generate` and `/api/v1/overrides`: which provider answers whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.fleet import KEY
from tests.support.processes import FakeProvider
from tests.support.replicas import Manager, soon

ANSWERED = {"content", "provider", "model", "input_tokens", "output_tokens", "cost_usd", "cached", "latency_ms"}
OVERRIDDEN = {"id", "user_id", "service_name", "provider_name", "model_name", "created_at", "updated_at"}
OVERRIDES, PROVIDERS = "/api/v1/overrides", "/api/v1/providers"


@pytest.fixture
def providers(upstream: FakeProvider, service_one: Manager) -> Iterator[dict[str, str]]:
    """Names -> ids: `high` comes before `low`."""
    made = {name: _add(service_one, upstream, name, priority) for name, priority in (("high", 50), ("low", 1))}
    yield made
    for one in service_one.get(OVERRIDES):
        service_one.ask("DELETE", f"{OVERRIDES}/{one['id']}", status=204)
    for one in service_one.get(PROVIDERS):
        service_one.ask("DELETE", f"{PROVIDERS}/{one['id']}", status=204)


def _add(api: Manager, upstream: FakeProvider, name: str, priority: int) -> str:
    sent = {"name": name, "display_name": name, "api_key": "sk-x", "base_url": upstream.api_base, "priority": priority}
    made: str = api.post(PROVIDERS, {**sent, "models": ["small", "large"], "rate_limit_rpm": 10_000}, 201)["id"]
    return made


def _generate(api: Manager, status: int = 200, **fields: object) -> Any:
    """With a prompt that nobody has sent before, unless there is one in `fields`."""
    body = {"user_id": "ada", "service": "docs", "prompt": f"Say {uuid4()}", **fields}
    answer = api.post("/api/v1/generate", body, status)
    assert answer.keys() == (ANSWERED if status == 200 else {"detail"})
    return answer


def _chosen(api: Manager, **fields: object) -> tuple[str, str]:
    found = _generate(api, **fields)
    return found["provider"], found["model"]


def test_the_best_provider_that_there_is_answers(
    providers: dict[str, str], service_one: Manager, service_two: Manager
) -> None:
    soon(lambda: _served(service_two, "high"))
    found = _generate(service_two, system="Be brief.", max_tokens=10, temperature=0.1, task_type="test")
    assert (found["provider"], found["model"], found["cached"]) == ("high", "small", False)
    assert found["input_tokens"] > 0 < found["output_tokens"]
    service_one.ask("PATCH", f"{PROVIDERS}/{providers['high']}", json={"is_enabled": False})
    assert _chosen(service_one) == ("low", "small")
    soon(lambda: _chosen(service_two), ("low", "small"))
    service_two.ask("PATCH", f"{PROVIDERS}/low", json={"is_enabled": False})
    _generate(service_two, 503)
    soon(lambda: service_one.http.post("/api/v1/generate", json=_body()).status_code, 503)
    for field, value in (("max_tokens", 8001), ("temperature", 2.1), ("prompt", None)):
        assert _generate(service_two, 422, **{field: value})["detail"][0]["loc"] == ["body", field]


def _body() -> dict[str, str]:
    return {"user_id": "ada", "service": "docs", "prompt": str(uuid4())}


def _served(api: Manager, name: str) -> bool:
    answer = api.http.post("/api/v1/generate", json=_body())
    return answer.status_code == 200 and answer.json()["provider"] == name


def test_an_equal_question_is_answered_from_the_cache(providers: dict[str, str], service_two: Manager) -> None:
    soon(lambda: _served(service_two, "high"))
    asked = {"prompt": f"Say {uuid4()}", "temperature": 1.5, "json_mode": True}
    first, again = _generate(service_two, **asked), _generate(service_two, **asked)
    assert (first["cached"], again["cached"], again["cost_usd"]) == (False, True, 0)
    assert again["content"] == first["content"]


def test_an_override_from_its_making_to_its_end(
    providers: dict[str, str], service_one: Manager, service_two: Manager
) -> None:
    soon(lambda: _served(service_two, "high"))
    sent = {"user_id": "ada", "provider_name": "low", "model_name": "large"}
    made = service_one.post(OVERRIDES, sent, 201)
    assert (made.keys(), made["service_name"]) == (OVERRIDDEN, None)
    service_two.post(OVERRIDES, sent, 409)
    service_two.post(OVERRIDES, {**sent, "user_id": "bob", "model_name": "that-it-has-not"}, 422)
    assert service_two.get(OVERRIDES, user_id="ada") == [made]
    assert service_two.get(OVERRIDES, user_id="bob") == []
    assert (_chosen(service_one), _chosen(service_one, user_id="bob")) == (("low", "large"), ("high", "small"))
    soon(lambda: _chosen(service_two), ("low", "large"))
    own = service_two.post(OVERRIDES, {**sent, "service_name": "docs", "model_name": "small"}, 201)
    assert (_chosen(service_two), _chosen(service_two, service="mail")) == (("low", "small"), ("low", "large"))
    soon(lambda: _chosen(service_one), ("low", "small"))
    replaced = {**sent, "service_name": "docs", "provider_name": "high"}
    put = service_one.ask("PUT", f"{OVERRIDES}/{own['id']}", json=replaced)
    assert put == {**own, **replaced, "updated_at": put["updated_at"]}
    soon(lambda: _chosen(service_two), ("high", "large"))
    for one in (own, made):
        service_two.ask("DELETE", f"{OVERRIDES}/{one['id']}", status=204)
    service_one.ask("DELETE", f"{OVERRIDES}/{made['id']}", status=404)
    assert _chosen(service_two) == ("high", "small")
    soon(lambda: _chosen(service_one), ("high", "small"))


def test_an_override_holds_for_openais_clients_too(
    providers: dict[str, str], service_one: Manager, one: Manager, two: Manager
) -> None:
    soon(lambda: two.chat(KEY, "high/small"), 200)
    assert _model_of(two, "grace") == "first"
    service_one.post(OVERRIDES, {"user_id": "grace", "provider_name": "low", "model_name": "large"}, 201)
    assert _model_of(one, "grace") == "low/large"
    soon(lambda: _model_of(two, "grace"), "low/large")
    assert _model_of(two, "nobody") == "first"


def _model_of(manager: Manager, user: str) -> str:
    answer = manager.openai(KEY).chat.completions.with_raw_response.create(
        model="first", user=user, max_tokens=1, messages=[{"role": "user", "content": "hi"}]
    )
    return str(answer.headers["x-routeiq-model"])
