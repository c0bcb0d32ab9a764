"""`POST /api/v1/providers/{id}/test` against providers that answer in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from aiohttp import web

from routeiq.control.providers import probe
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from tests.support.catalogue import World, world

KEY = "sk-acme-1234567890"
LOCAL = OutboundPolicy(networks=(ip_network("127.0.0.0/8"),))


@asynccontextmanager
async def provider(handler: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def here(control_sqlite_url: str) -> AsyncIterator[World]:
    async with world(control_sqlite_url, policy=LOCAL) as found:
        yield found


async def _tested(here: World, base_url: str, name: str = "acme") -> dict[str, Any]:
    body = {"name": name, "display_name": "A", "api_key": KEY, "base_url": base_url, "models": ["m"]}
    await here.done("POST", "/api/v1/providers", body, status=201)
    found: dict[str, Any] = await here.done("POST", f"/api/v1/providers/{name}/test")
    return found


async def test_one_that_takes_the_key_works(here: World) -> None:
    seen: list[tuple[str, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("authorization")))
        return web.json_response({"data": []})

    async with provider(handler) as url:
        assert await _tested(here, f"{url}/v1") == {"success": True, "error": None}
    assert seen == [("/v1/models", f"Bearer {KEY}")]


async def test_each_api_is_asked_in_its_own_way(here: World) -> None:
    seen: list[tuple[str, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("x-api-key") or request.headers.get("api-key")))
        return web.json_response({})

    async with provider(handler) as url:
        for name in ("anthropic", "azure"):
            assert (await _tested(here, url, name))["success"]
    assert seen == [("/v1/models", KEY), ("/openai/models", KEY)]


async def test_a_refusal_is_told_without_the_key(here: World) -> None:
    async def handler(_: web.Request) -> web.Response:
        message = f"Incorrect API key provided: {KEY[:8]}***{KEY[-4:]} or {KEY}\nat all"
        return web.json_response({"error": {"message": message}}, status=401)

    async with provider(handler) as url:
        found = await _tested(here, url)
    assert found["success"] is False
    assert found["error"].startswith("The provider answered 401: Incorrect API key provided: ***")
    assert not [part for part in (KEY, KEY[:8], KEY[-4:], "\n") if part in found["error"]]


async def test_a_redirect_is_not_followed(here: World) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": "http://169.254.169.254/"})

    async with provider(handler) as url:
        found = await _tested(here, url)
    assert found == {"success": False, "error": "the URL answers with a redirect, which is not followed"}


async def test_one_that_is_away_is_said_to_be(here: World) -> None:
    assert await _tested(here, "http://127.0.0.1:1") == {
        "success": False, "error": "The provider cannot be reached.",
    }  # fmt: skip


async def test_one_that_says_nothing_is_not_waited_for() -> None:
    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    guard = OutboundGuard(LOCAL, Origin.OPERATOR)
    async with provider(handler) as url:
        said = await probe.probe("acme", url, KEY, guard, timeout_s=0.1)
    assert said == "The provider did not answer within 0.1 seconds."


async def test_a_name_that_leads_inside_is_refused() -> None:
    async def lookup(_: str) -> tuple[Any, ...]:
        return (ip_address("10.0.0.1"),)

    guard = OutboundGuard(OutboundPolicy(), Origin.OPERATOR, lookup=lookup)
    said = await probe.probe("acme", "http://rebound.example", KEY, guard)
    assert said == "the URL leads to a private address; LLMROUTER_OUTBOUND_* can allow it"


async def test_the_documents_own_may_be_inside(here: World) -> None:
    """Its address is the operator's word; nobody listens there."""
    found = await here.done("POST", "/api/v1/providers/house/test")
    assert found == {"success": False, "error": "The provider cannot be reached."}


async def test_what_cannot_be_asked_says_so(here: World) -> None:
    guard = OutboundGuard(OutboundPolicy(), Origin.OPERATOR)
    said = await probe.probe("bedrock", None, KEY, guard)
    assert said == "There is no test for this provider without a base_url."
    assert await probe.probe("simulated", None, KEY, guard) is None


async def test_a_body_without_end_is_not_read(here: World) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(status=500)
        await answer.prepare(request)
        for _ in range(64):
            await answer.write(b"x" * 65536)
        return answer

    async with provider(handler) as url:
        assert await _tested(here, url) == {"success": False, "error": "The provider answered 500."}
