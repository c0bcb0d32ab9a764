"""The LLM Gateway API as its clients call it (contract, section 4): plain HTTP, through a gateway, with a real control
over each database, and a document that lists no model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.fleet import HEADERS, Fleet, fleet_in
from tests.support.processes import fake_provider
from tests.support.servers.postgres import Postgres
from tests.support.stores import DATABASES
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(600)

SERVICE_KEY = "a-service-key-of-these-tests"
DOCUMENT: dict[str, object] = {"model_list": []}
PROVIDER_FIELDS = {
    "id", "name", "display_name", "base_url", "models", "is_enabled", "rate_limit_rpm", "rate_limit_tpm", "priority",
    "created_at", "updated_at",
}  # fmt: skip
GENERATED_FIELDS = {
    "content", "provider", "model", "input_tokens", "output_tokens", "cost_usd", "cached", "latency_ms",
}  # fmt: skip
ASKED = {"user_id": "ada", "service": "docs", "prompt": "What is a prime number?"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with fake_provider() as provider:
        yield f"{provider.url}/v1"


@pytest.fixture(scope="module", params=DATABASES)
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder: Path = tmp_path_factory.mktemp("fleet")
    environ = {"SERVICE_KEYS": SERVICE_KEY, "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true"}
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        environ["ROUTEIQ_CONTROL_DATABASE_URL"] = server.url_of(server.create())
    with fleet_in(folder, DOCUMENT, governed=True, **environ) as made:
        for process in ("control", "gateway"):
            made.start(process)
            made.wait(process)
        yield made


@pytest.fixture
def api(fleet: Fleet) -> Iterator[httpx.Client]:
    """On the port of the API alone. There is neither provider nor override."""
    url = f"http://127.0.0.1:{fleet.ports['gateway-api']}/api/v1"
    with httpx.Client(base_url=url, headers={"X-Service-Key": SERVICE_KEY}, timeout=PATIENCE_S) as client:
        yield client
        for one in client.get("/overrides").json():
            assert client.delete(f"/overrides/{one['id']}").status_code == 204
        for one in client.get("/providers").json():
            assert client.delete(f"/providers/{one['id']}").status_code == 204


def add(api: httpx.Client, upstream: str, name: str, *models: str, **fields: object) -> dict[str, Any]:
    sent = {"name": name, "display_name": name.title(), "api_key": f"sk-of-{name}", "base_url": upstream}
    answer = api.post("/providers", json={**sent, "models": models or ("small",), "rate_limit_rpm": 1000, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def generate(api: httpx.Client, status: int = 200, **fields: object) -> dict[str, Any]:
    """With a prompt that nobody has sent before, unless there is one in `fields`."""
    answer = api.post("/generate", json={**ASKED, "prompt": f"Say {uuid4()}", **fields})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    assert found.keys() == (GENERATED_FIELDS if status == 200 else {"detail"})
    return found


@pytest.mark.parametrize("key", [{}, {"X-Service-Key": "wrong"}, {"Authorization": "Bearer sk-wrong"}])
def test_only_health_is_for_everybody(fleet: Fleet, key: dict[str, str]) -> None:
    url = f"{fleet.url}/api/v1"
    health = httpx.get(f"{url}/health", headers=key, timeout=PATIENCE_S)
    assert (health.status_code, health.json()) == (
        200, {"status": "healthy", "service": "llm-gateway", "database": "connected"},
    )  # fmt: skip
    for method, path in (
        ("POST", "/generate"), ("GET", "/health/providers"), ("GET", "/providers"), ("POST", "/providers"),
        ("GET", "/providers/x"), ("PATCH", "/providers/x"), ("DELETE", "/providers/x"), ("POST", "/providers/x/test"),
        ("GET", "/overrides"), ("POST", "/overrides"), ("PUT", "/overrides/x"), ("DELETE", "/overrides/x"),
    ):  # fmt: skip
        refused = httpx.request(method, url + path, headers=key, json={}, timeout=PATIENCE_S)
        assert (refused.status_code, refused.json()) == (401, {"detail": "invalid key"}), path


def test_both_ports_and_the_administrators_key_serve(fleet: Fleet, api: httpx.Client, upstream: str) -> None:
    add(api, upstream, "own")
    for headers in ({"X-Service-Key": SERVICE_KEY}, HEADERS):
        answer = httpx.post(f"{fleet.url}/api/v1/generate", headers=headers, json=ASKED, timeout=PATIENCE_S)
        assert answer.status_code == 200
    assert answer.headers["x-request-id"]


def test_a_provider_is_added_shown_changed_and_removed(api: httpx.Client, upstream: str) -> None:
    made = add(api, upstream, "own", "small", "large", priority=3)
    assert made.keys() == PROVIDER_FIELDS
    assert (made["is_enabled"], made["rate_limit_rpm"], made["rate_limit_tpm"], made["priority"]) == (
        True,
        1000,
        100_000,
        3,
    )
    same = {"name": "own", "display_name": "x", "api_key": "k", "models": [], "base_url": upstream}
    again = api.post("/providers", json=same)
    assert (again.status_code, list(again.json())) == (409, ["detail"])
    add(api, upstream, "better", priority=30)
    assert [one["name"] for one in api.get("/providers").json()] == ["better", "own"]
    assert api.get(f"/providers/{made['id']}").json() == made == api.get("/providers/own").json()
    changed = api.patch(f"/providers/{made['id']}", json={"display_name": "Ours", "priority": 4}).json()
    assert {**made, "display_name": "Ours", "priority": 4, "updated_at": changed["updated_at"]} == changed
    assert api.get("/health/providers").json()["providers"][1] == {
        "name": "own", "display_name": "Ours", "is_enabled": True, "models_count": 2,
    }  # fmt: skip
    assert api.post(f"/providers/{made['id']}/test").json() == {"success": True, "error": None}
    assert api.delete(f"/providers/{made['id']}").status_code == 204
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")):
        gone = api.request(method, f"/providers/{made['id']}{path}", json={} if method == "PATCH" else None)
        assert (gone.status_code, list(gone.json())) == (404, ["detail"])
    assert "sk-of-" not in api.get("/providers").text


def test_what_is_added_generates_at_once_on_the_replica_that_answered(api: httpx.Client, upstream: str) -> None:
    assert "provider" in generate(api, 503)["detail"]
    made = add(api, upstream, "own")
    found = generate(api)
    assert (found["provider"], found["model"], found["cached"], found["cost_usd"]) == ("own", "small", False, None)
    assert found["content"]
    assert found["input_tokens"] > 0 < found["output_tokens"]
    add(api, upstream, "better", "large", priority=30)
    assert (generate(api)["provider"], generate(api)["model"]) == ("better", "large")
    api.patch("/providers/better", json={"is_enabled": False})
    assert generate(api)["provider"] == "own"
    api.delete(f"/providers/{made['id']}")
    assert generate(api, 503)


def test_an_equal_question_is_answered_from_the_cache(api: httpx.Client, upstream: str) -> None:
    add(api, upstream, "own")
    asked = {"prompt": f"Say {uuid4()}", "temperature": 1.5}
    first, again = generate(api, **asked), generate(api, **asked)
    assert (first["cached"], again["cached"], again["cost_usd"]) == (False, True, 0)
    assert [again[name] for name in ("content", "input_tokens", "output_tokens")] == [
        first[name] for name in ("content", "input_tokens", "output_tokens")
    ]
    assert generate(api, **asked, service="other")["cached"] is False
    assert generate(api, **asked, user_id="bob")["cached"] is False


@pytest.mark.parametrize(
    "fields",
    [
        {"max_tokens": 0}, {"max_tokens": 8001}, {"temperature": -0.1}, {"temperature": 2.1}, {"prompt": None},
        {"user_id": None}, {"service": None}, {"json_mode": "perhaps"},
    ],
)  # fmt: skip
def test_a_field_outside_its_range_is_422(api: httpx.Client, upstream: str, fields: dict[str, object]) -> None:
    (problem,) = generate(api, 422, **fields)["detail"]
    assert problem["loc"] == ["body", *fields]
    assert {"type", "msg"} <= problem.keys()


def test_providers_that_fail_and_one_that_answers(api: httpx.Client, upstream: str) -> None:
    add(api, upstream, "broken", "m--status-500", priority=50)
    add(api, upstream, "dead", "m--die-before", priority=40)
    assert "broken/m--status-500=500" in generate(api, 502)["detail"]
    add(api, upstream, "own")
    assert generate(api)["provider"] == "own"
    api.delete("/providers/own")
    add(api, upstream, "busy", "m--status-429", priority=60)
    api.patch("/providers/broken", json={"is_enabled": False})
    api.patch("/providers/dead", json={"is_enabled": False})
    answer = api.post("/generate", json={**ASKED, "prompt": str(uuid4())})
    assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (429, True)


def test_a_providers_requests_of_a_minute_end(api: httpx.Client, upstream: str) -> None:
    add(api, upstream, "scarce", rate_limit_rpm=1)
    answers = [api.post("/generate", json={**ASKED, "prompt": str(uuid4())}) for _ in range(3)]
    refused = [one for one in answers if one.status_code == 429]
    assert refused  # of three, whenever the minute turns
    assert list(refused[0].json()) == ["detail"]
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60


def test_an_override_is_for_a_customer_and_a_service(fleet: Fleet, api: httpx.Client, upstream: str) -> None:
    add(api, upstream, "own", priority=50)
    add(api, upstream, "other", "small", "large")
    for_all = {"user_id": "ada", "provider_name": "other", "model_name": "small"}
    made = api.post("/overrides", json=for_all)
    assert (made.status_code, made.json()["service_name"]) == (201, None)
    assert made.json().keys() == {
        "id", "user_id", "service_name", "provider_name", "model_name", "created_at", "updated_at",
    }  # fmt: skip
    assert api.post("/overrides", json=for_all).status_code == 409
    assert api.post("/overrides", json={**for_all, "user_id": "x", "provider_name": "none"}).status_code in (404, 422)
    assert api.post("/overrides", json={**for_all, "user_id": "x", "model_name": "none"}).status_code == 422
    assert (generate(api)["provider"], generate(api, user_id="bob")["provider"]) == ("other", "own")
    specific = api.post("/overrides", json={**for_all, "service_name": "chat", "model_name": "large"}).json()
    assert [one["id"] for one in api.get("/overrides", params={"user_id": "ada"}).json()].count(specific["id"]) == 1
    assert api.get("/overrides", params={"user_id": "bob"}).json() == []
    assert (generate(api, service="chat")["model"], generate(api)["model"]) == ("large", "small")
    assert chat(fleet, user="ada").headers["x-routeiq-model"] == "other/small"
    assert chat(fleet, "chat", user="ada").headers["x-routeiq-model"] == "other/large"
    assert chat(fleet, user="bob").headers["x-routeiq-model"] == "own/small"
    api.patch("/providers/other", json={"is_enabled": False})
    assert generate(api)["provider"] == "own"
    for one in (specific, made.json()):
        assert api.delete(f"/overrides/{one['id']}").status_code == 204
    assert api.delete(f"/overrides/{specific['id']}").status_code == 404


def chat(fleet: Fleet, service: str = "", **fields: object) -> httpx.Response:
    """OpenAI's way, for a model of a provider."""
    body = {"model": "own/small", "messages": [{"role": "user", "content": "hi"}], **fields}
    headers = {**HEADERS, **({"x-service-name": service} if service else {})}
    answer = httpx.post(f"{fleet.url}/v1/chat/completions", headers=headers, json=body, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text
    return answer


def test_models_of_providers_are_listed_and_called_by_openais_clients(
    fleet: Fleet, api: httpx.Client, upstream: str
) -> None:
    add(api, upstream, "own", "small", "org/large")
    listed = httpx.get(f"{fleet.url}/v1/models", headers=HEADERS, timeout=PATIENCE_S).json()
    assert {"own/small", "own/org/large"} <= {one["id"] for one in listed["data"]}
    assert chat(fleet, model="own/org/large").json()["model"] == "own/org/large"
    api.patch("/providers/own", json={"is_enabled": False})
    body = {"model": "own/small", "messages": [{"role": "user", "content": "hi"}]}
    gone = httpx.post(f"{fleet.url}/v1/chat/completions", headers=HEADERS, json=body, timeout=PATIENCE_S)
    assert gone.status_code == 404


def test_a_provider_of_anthropics_dialect_generates(api: httpx.Client, upstream: str) -> None:
    add(api, upstream.removesuffix("/v1"), "anthropic", "claude-fake")
    found = generate(api, system="Be brief.", json_mode=True)
    assert (found["provider"], found["model"], bool(found["content"])) == ("anthropic", "claude-fake", True)


def test_it_is_all_described(fleet: Fleet) -> None:
    paths = httpx.get(f"{fleet.url}/openapi.json", timeout=PATIENCE_S).json()["paths"]
    assert {"/api/v1/generate", "/api/v1/providers", "/api/v1/overrides", "/api/v1/health"} <= paths.keys()
