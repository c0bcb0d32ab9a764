"""`/api/v1/providers` of the LLM Gateway API."""

from __future__ import annotations

from tests.support.fleet import KEY
from tests.support.processes import FakeProvider
from tests.support.replicas import Manager, soon

SHOWN = {
    "id", "name", "display_name", "base_url", "models", "is_enabled", "rate_limit_rpm", "rate_limit_tpm", "priority",
    "created_at", "updated_at",
}  # fmt: skip
PROVIDERS = "/api/v1/providers"


def _body(upstream: FakeProvider, name: str = "acme") -> dict[str, object]:
    return {
        "name": name, "display_name": "Acme", "api_key": "sk-of-acme", "base_url": upstream.api_base,
        "models": ["small"],
    }  # fmt: skip


def test_a_provider_from_its_making_to_its_end(
    upstream: FakeProvider, service_one: Manager, service_two: Manager, two: Manager
) -> None:
    made = service_one.post(PROVIDERS, _body(upstream), 201)
    assert made.keys() == SHOWN
    assert (made["is_enabled"], made["rate_limit_rpm"], made["rate_limit_tpm"], made["priority"]) == (
        True, 60, 100_000, 10,
    )  # fmt: skip
    service_two.post(PROVIDERS, _body(upstream), 409)
    assert service_two.get(PROVIDERS) == [made] == two.get(PROVIDERS)
    assert service_two.get(f"{PROVIDERS}/{made['id']}") == made
    soon(lambda: two.chat(KEY, "acme/small"), 200)
    sent = {"models": ["small", "large"], "priority": 20, "display_name": "Acme & Co"}
    changed = service_two.ask("PATCH", f"{PROVIDERS}/{made['id']}", json=sent)
    assert changed == {**made, **sent, "updated_at": changed["updated_at"]}
    soon(lambda: service_one.get(f"{PROVIDERS}/acme"), changed)
    soon(lambda: two.chat(KEY, "acme/large"), 200)
    assert service_one.get("/api/v1/health/providers")["providers"] == [
        {"name": "acme", "display_name": "Acme & Co", "is_enabled": True, "models_count": 2}
    ]
    assert service_one.post(f"{PROVIDERS}/{made['id']}/test") == {"success": True, "error": None}
    assert service_one.ask("DELETE", f"{PROVIDERS}/{made['id']}", status=204) is None
    soon(lambda: two.chat(KEY, "acme/small"), 404)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")):
        service_two.ask(method, f"{PROVIDERS}/{made['id']}{path}", status=404, json={})


def test_the_api_is_for_its_services_and_administrators(
    upstream: FakeProvider, service_one: Manager, service_two: Manager, one: Manager
) -> None:
    assert service_one.get("/api/v1/health") == {
        "status": "healthy", "service": "llm-gateway", "database": "connected",
    }  # fmt: skip
    key = one.post("/key/generate", {})["key"]
    for stranger in (Manager(service_two.url, "wrong", "X-Service-Key"), Manager(service_two.url, key)):
        with stranger:
            stranger.get("/api/v1/health")
            assert stranger.http.get(PROVIDERS).status_code in (401, 403)
            assert stranger.http.post(PROVIDERS, json=_body(upstream)).status_code in (401, 403)
    assert service_two.get(PROVIDERS) == []
    service_two.get("/key/list", 404)
    one.post("/key/delete", {"keys": [key]})
