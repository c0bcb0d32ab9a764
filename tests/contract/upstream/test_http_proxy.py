"""Where the environment names a proxy: calls go through it, and its password appears nowhere."""

from __future__ import annotations

import pytest

from routeiq.gateway.upstream.guarded import guarded
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound import OutboundPolicy
from tests.support.adversary import Adversary

HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"


def through(upstream: Adversary) -> OutboundPolicy:
    proxy = upstream.url.replace("http://", "http://user:secret@").removesuffix("/v1/chat/completions")
    return OutboundPolicy.from_environ({"ALL_PROXY": proxy, "NO_PROXY": "straight.test"})


async def test_a_call_goes_through_the_proxy_with_its_credentials(upstream: Adversary) -> None:
    http, _ = guarded(through(upstream), [])
    upstream.plays([HELLO])
    response = await http.send(HTTPRequest("http://name.test/v1", {"authorization": "Bearer k"}, b"{}", "group", 3.0))
    assert await response.read() == b"hello"
    head = upstream.requests[0].lower()
    assert head.startswith(b"post http://name.test/v1 http/1.1\r\n")
    assert b"proxy-authorization: basic dxnlcjpzzwnyzxq=" in head
    await http.close()


async def test_a_proxy_that_refuses_is_a_failure_without_its_url(upstream: Adversary) -> None:
    http, _ = guarded(through(upstream), [])
    upstream.plays([REFUSED])
    with pytest.raises(UpstreamFailed) as failed:
        await http.send(HTTPRequest("https://name.test/v1", {}, b"{}", "group", 3.0))
    assert upstream.requests[0].startswith(b"CONNECT name.test:443 HTTP/1.1\r\n")
    assert not any(word in failed.value.message for word in ("secret", "127.0.0.1", "name.test"))
    assert failed.value.__suppress_context__
    await http.close()


async def test_what_is_exempt_and_what_is_forbidden_never_reach_the_proxy(upstream: Adversary) -> None:
    http, _ = guarded(through(upstream), [])
    for url in ("http://straight.test/", "http://169.254.169.254/", "http://metadata.google.internal/"):
        with pytest.raises(UpstreamFailed):
            await http.send(HTTPRequest(url, {}, b"{}", "group", 0.5))
    assert upstream.connections == 0
    await http.close()


async def test_loopback_is_called_straight(upstream: Adversary) -> None:
    http, _ = guarded(OutboundPolicy.from_environ({"ALL_PROXY": "http://127.0.0.1:9"}), [])
    upstream.plays([HELLO])
    response = await http.send(HTTPRequest(upstream.url, {}, b"{}", "group", 3.0))
    assert await response.read() == b"hello"
    assert upstream.requests[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    await http.close()
