"""A name that leads to a private address: the document may call it, what was added by API may not. Our own services are
nobody's to call, by whatever name."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from routeiq.gateway.upstream.guarded import guarded
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound import Origin, OutboundPolicy, OutboundRefused
from routeiq.kit.outbound.guard import Addresses
from tests.support.adversary import Adversary

HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
LISTED = OutboundPolicy.from_environ({"LLMROUTER_OUTBOUND_HOST_ALLOWLIST": "inside.test"})
each_client = pytest.mark.parametrize("client", ["pool", "aiohttp"])


async def inside(name: str) -> Addresses:
    return (ip_address("127.0.0.1"),)


def call(upstream: Adversary, origin: Origin, client: str) -> HTTPRequest:
    url = upstream.url.replace("127.0.0.1", "inside.test")
    return HTTPRequest(url, {}, b"{}", "group", 3.0, client, origin=origin)


@each_client
async def test_only_the_documents_word_opens_a_private_address(upstream: Adversary, client: str) -> None:
    http, _ = guarded(OutboundPolicy(), [], inside)
    upstream.plays([HELLO], [HELLO])
    response = await http.send(call(upstream, Origin.DOCUMENT, client))
    assert await response.read() == b"hello"
    with pytest.raises(UpstreamFailed):  # the connection is kept, and would be at hand
        await http.send(call(upstream, Origin.OPERATOR, client))
    assert len(upstream.requests) == 1
    await http.close()


async def test_a_connection_at_hand_is_not_another_origins(upstream: Adversary) -> None:
    http, _ = guarded(OutboundPolicy(), [], inside)
    upstream.plays([HELLO], [HELLO])
    await (await http.send(call(upstream, Origin.DOCUMENT, "pool"))).read()
    assert http.begin(call(upstream, Origin.OPERATOR, "pool")) is None  # type: ignore[attr-defined]  # it can
    await http.close()


@each_client
async def test_a_listed_name_is_open_to_both(upstream: Adversary, client: str) -> None:
    http, authorize = guarded(LISTED, [], inside)
    upstream.plays([HELLO])
    response = await http.send(call(upstream, Origin.OPERATOR, client))
    assert await response.read() == b"hello"
    await authorize("http://inside.test/", Origin.OPERATOR)
    await http.close()


async def test_a_library_that_connects_by_itself_is_told_the_same() -> None:
    http, authorize = guarded(OutboundPolicy(), [], inside)
    await authorize("http://inside.test/", Origin.DOCUMENT)
    with pytest.raises(OutboundRefused):
        await authorize("http://inside.test/", Origin.OPERATOR)
    await http.close()


@each_client
@pytest.mark.parametrize("origin", [Origin.DOCUMENT, Origin.OPERATOR])
@pytest.mark.parametrize("host", ["own.test", "alias.test", "127.0.0.1"])
async def test_own_services_are_never_called(upstream: Adversary, client: str, origin: Origin, host: str) -> None:
    allowing = OutboundPolicy(allow_private=True)
    port = int(upstream.url.rpartition(":")[2].partition("/")[0])
    http, authorize = guarded(allowing, [f"own.test:{port}"], inside)
    upstream.plays([HELLO])
    url = upstream.url.replace("127.0.0.1", host)
    said = "not be reached" if (client, host) == ("aiohttp", "alias.test") else r"not allowed \(ssrf_blocked\)"
    with pytest.raises(UpstreamFailed, match=said):  # what aiohttp's resolver refuses is no answer of DNS
        await http.send(HTTPRequest(url, {}, b"{}", "group", 3.0, client, origin=origin))
    with pytest.raises(OutboundRefused, match="never be called"):
        await authorize(url, origin)
    assert upstream.connections == 0
    await http.close()
