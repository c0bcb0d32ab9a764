"""The outbound policy under a real aiohttp session, and discovery's fetch against a real server, both on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address

import aiohttp
import pytest
from aiohttp import web

from routeiq.config.fetch import FetchFailed, fetch_json
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy, OutboundRefused
from routeiq.kit.outbound.aiohttp_transport import GuardMiddleware, connector
from routeiq.kit.outbound.guard import Addresses


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    paths: list[str]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    paths: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        if request.path == "/redirect":
            return web.Response(status=302, headers={"location": "/secret"})
        if request.path == "/error":
            return web.Response(status=503)
        return web.json_response({"path": request.path, "key": request.headers.get("authorization")})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Server(runner.addresses[0][1], paths)
    await runner.cleanup()


async def loopback(name: str) -> Addresses:
    return (ip_address("127.0.0.1"),)


@asynccontextmanager
async def session(origin: Origin, policy: OutboundPolicy | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    guard = OutboundGuard(policy or OutboundPolicy(), origin, lookup=loopback)
    async with aiohttp.ClientSession(connector=connector(guard), middlewares=(GuardMiddleware(guard),)) as opened:
        yield opened


async def test_document_reaches_a_name_on_loopback_at_its_pinned_address(server: Server) -> None:
    async with session(Origin.DOCUMENT) as opened, opened.get(f"http://made.up.example:{server.port}/v1") as response:
        assert (await response.json())["path"] == "/v1"


@pytest.mark.parametrize("host", ["127.0.0.1", "made.up.example", "[::ffff:127.0.0.1]", "localhost"])
async def test_nothing_is_sent_to_an_address_that_is_refused(server: Server, host: str) -> None:
    async with session(Origin.CALLER) as opened:
        with pytest.raises(OutboundRefused):
            await opened.get(f"http://{host}:{server.port}/")
    assert server.paths == []


async def test_connector_alone_refuses_names(server: Server) -> None:
    guard = OutboundGuard(OutboundPolicy(), Origin.CALLER, lookup=loopback)
    async with aiohttp.ClientSession(connector=connector(guard)) as opened:
        with pytest.raises(aiohttp.ClientConnectorDNSError):
            await opened.get(f"http://made.up.example:{server.port}/")
    assert server.paths == []


async def test_redirect_is_not_followed(server: Server) -> None:
    async with session(Origin.DOCUMENT) as opened:
        with pytest.raises(OutboundRefused, match="redirect"):
            await opened.get(f"http://h.example:{server.port}/redirect")
    assert server.paths == ["/redirect"]


async def test_own_service_is_refused_to_the_document_as_well(server: Server) -> None:
    policy = OutboundPolicy(allow_private=True).with_own_services([("127.0.0.1", server.port)])
    async with session(Origin.DOCUMENT, policy) as opened:
        with pytest.raises(OutboundRefused):
            await opened.get(f"http://made.up.example:{server.port}/")


async def fetch(server: Server, path: str) -> object:
    return await asyncio.to_thread(
        fetch_json, f"http://127.0.0.1:{server.port}{path}", {"authorization": "Bearer k"}, 5.0
    )


async def test_fetch_reads_json_past_any_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert await fetch(server, "/models") == {"path": "/models", "key": "Bearer k"}


@pytest.mark.parametrize(("path", "reason"), [("/redirect", "status 302"), ("/error", "status 503")])
async def test_fetch_says_why_it_failed(server: Server, path: str, reason: str) -> None:
    with pytest.raises(FetchFailed, match=reason):
        await fetch(server, path)
    assert server.paths == [path]


async def test_fetch_of_a_closed_port_fails_at_once(unused_port: int) -> None:
    with pytest.raises(FetchFailed, match="Connection refused"):
        fetch_json(f"http://127.0.0.1:{unused_port}/", {}, 1.0)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
