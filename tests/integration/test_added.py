"""Models, providers and overrides that are added through one gateway: in force there at once, on the other within a
second. Two gateways, control and NATS, one process each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.fleet import HEADERS, Fleet, fleet_in
from tests.support.servers.nats import NATS

GATEWAYS = ("gateway", "gateway-2")
FAST = {"model": "simulated/x", "tokens_per_second": 0, "ttft_ms": 0}

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with (
        NATS() as nats,
        fleet_in(
            tmp_path_factory.mktemp("fleet"),
            governed=True,
            ROUTEIQ_NATS_URL=nats.url,
            ROUTEIQ_GATEWAY_OVERLAY_EVERY_S="60",
        ) as made,
    ):
        for process in ("control", *GATEWAYS):
            made.start(process)
        for process in ("control", *GATEWAYS):
            made.wait(process)
        _within(20, lambda: all("bus.connected" in made.log_of(process) for process in GATEWAYS))
        yield made


def test_a_model_is_in_force_as_long_as_it_is_there(fleet: Fleet) -> None:
    made = _ask(fleet, "POST", "/model/new", {"model_name": "added", "litellm_params": FAST})
    _everywhere(fleet, "added", 200)
    _ask(fleet, "POST", "/model/block", {"model_id": made["model_id"]})
    _everywhere(fleet, "added", 404)
    _ask(fleet, "POST", "/model/unblock", {"model_id": made["model_id"]})
    _everywhere(fleet, "added", 200)
    _ask(fleet, "PATCH", f"/model/{made['model_id']}/update", {"model_name": "renamed"})
    _everywhere(fleet, "renamed", 200)
    assert _chat(fleet, "gateway", "added") == 404
    _ask(fleet, "POST", "/model/delete", {"id": made["model_id"]})
    _everywhere(fleet, "renamed", 404)


def test_what_the_document_has_is_shown_and_kept(fleet: Fleet) -> None:
    (first, *_) = _ask(fleet, "GET", "/model/info")["data"]
    assert (first["model_name"], first["model_info"]["db_model"]) == ("first", False)
    body = {"model_info": {"id": first["model_info"]["id"]}, "litellm_params": {}}
    assert "Can't edit model." in _ask(fleet, "POST", "/model/update", body, status=400)["error"]["message"]


def test_providers_and_overrides_are_managed_through_the_gateway(fleet: Fleet) -> None:
    assert _ask(fleet, "GET", "/api/v1/health")["database"] == "connected"
    provider = {"name": "simulated", "display_name": "S", "api_key": "x", "models": ["small"]}
    made = _ask(fleet, "POST", "/api/v1/providers", provider, status=201)
    assert _ask(fleet, "POST", f"/api/v1/providers/{made['id']}/test") == {"success": True, "error": None}
    override = {"user_id": "u", "provider_name": "simulated", "model_name": "small"}
    kept = _ask(fleet, "POST", "/api/v1/overrides", override, status=201)
    assert _ask(fleet, "GET", "/api/v1/overrides?user_id=u", process="gateway-2") == [kept]
    _ask(fleet, "DELETE", f"/api/v1/overrides/{kept['id']}", status=204)
    _ask(fleet, "DELETE", "/api/v1/providers/simulated", status=204)
    assert _ask(fleet, "GET", "/api/v1/providers", process="gateway-2") == []


def _ask(
    fleet: Fleet, method: str, path: str, body: object = None, *, process: str = "gateway", status: int = 200
) -> Any:
    answer = httpx.request(method, fleet.url_of(process) + path, headers=HEADERS, json=body, timeout=10)
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert "x-routeiq-internal-changed" not in answer.headers
    return answer.json() if answer.content else None


def _everywhere(fleet: Fleet, model: str, status: int) -> None:
    assert _chat(fleet, "gateway", model) == status
    _within(1, lambda: _chat(fleet, "gateway-2", model) == status)


def _chat(fleet: Fleet, process: str, model: str) -> int:
    body = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    url = f"{fleet.url_of(process)}/v1/chat/completions"
    return httpx.post(url, headers=HEADERS, json=body, timeout=10).status_code


def _within(seconds: float, holds: Any) -> None:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
