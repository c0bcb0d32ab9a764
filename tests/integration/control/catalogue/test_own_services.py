"""Our own services as addresses of providers and models: refused by name when they are added, and by whatever leads
there when they are called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any

import pytest

from routeiq.control.providers.probe import probe
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from tests.support.catalogue import World, world
from tests.support.people import ADMIN

NEVER = "the URL leads to an address that must never be called"
IN_A_CLUSTER = OutboundPolicy.from_environ(
    {
        "LLMROUTER_OUTBOUND_HOST_ALLOWLIST": "<local>,*.team.svc,*.team.svc.cluster.local",
        "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true",
        "ROUTEIQ_OUTBOUND_OWN_SERVICES": "rq-control:8130,rq-postgres:5432",
    }
)


@pytest.fixture
async def here(control_sqlite_url: str) -> AsyncIterator[World]:
    async with world(control_sqlite_url, policy=IN_A_CLUSTER) as found:
        yield found


def provider(base_url: str) -> dict[str, Any]:
    return {
        "name": "acme", "display_name": "A", "api_key": "sk-acme-1234567890", "base_url": base_url, "models": ["m"],
    }  # fmt: skip


@pytest.mark.parametrize("own", ["rq-control:8130", "RQ-Postgres.team.svc.cluster.local.:5432"])
async def test_none_is_added_by_name(here: World, own: str) -> None:
    refused = await here.done("POST", "/api/v1/providers", provider(f"http://{own}/v1"), status=422)
    assert NEVER in str(refused)
    model = {"model": "openai/m", "api_key": "sk-m-1234567890", "api_base": f"http://{own}/v1"}
    body = {"model_name": "m", "litellm_params": model}
    refused = await here.done("POST", "/model/new", body, who=ADMIN, status=400)
    assert NEVER in str(refused)


async def test_none_becomes_one_by_a_change(here: World) -> None:
    await here.done("POST", "/api/v1/providers", provider("http://agent:8130/v1"), status=201)
    change = {"base_url": "http://rq-control:8130/v1", "api_key": "sk-acme-1234567890"}
    refused = await here.done("PATCH", "/api/v1/providers/acme", change, status=422)
    assert NEVER in str(refused)


@pytest.mark.parametrize("url", ["http://alias:8130/v1", "http://10.96.3.4:8130/v1", "http://rq-control:8130/v1"])
async def test_none_is_called_by_what_leads_there(url: str) -> None:
    async def lookup(_: str) -> tuple[Any, ...]:
        return (ip_address("10.96.3.4"),)

    guard = OutboundGuard(IN_A_CLUSTER, Origin.OPERATOR, lookup=lookup)
    assert await probe("acme", url, "sk-acme-1234567890", guard) == NEVER
