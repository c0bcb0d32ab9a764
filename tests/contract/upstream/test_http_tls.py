"""The same over TLS: who is trusted, and that a cut answer is no whole one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from routeiq.kit.outbound.addresses import IPAddress, plain
from tests.contract.upstream.test_http_adversary import ANSWERS, BODY
from tests.support.adversary import CLOSE, EARLY, RESET, STALL, Adversary, adversary
from tests.support.certificates import TLS, make_tls
from tests.support.http_clients import MakeClient


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TLS:
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def upstream(tls: TLS) -> AsyncIterator[Adversary]:
    async with adversary(tls.server) as running:
        yield running


async def loopback(name: str) -> tuple[IPAddress, ...]:
    return (plain("127.0.0.1"),)


def call(upstream: Adversary, host: str = "127.0.0.1", body: bytes = b"{}") -> HTTPRequest:
    return HTTPRequest(upstream.url.replace("127.0.0.1", host), {}, body, "group", 5.0)


@pytest.mark.parametrize("host", ["127.0.0.1", "right.test"])
async def test_a_trusted_upstream_is_called_and_kept(
    make_http: MakeClient, upstream: Adversary, tls: TLS, host: str
) -> None:
    client = make_http(tls=tls.client, guard=OutboundGuard(OutboundPolicy(), Origin.DOCUMENT, lookup=loopback))
    for answer in ANSWERS.values():
        upstream.plays([answer[:20], answer[20:]])
        assert await (await client.send(call(upstream, host))).read() == BODY
    assert upstream.connections == 0
    await client.close()


async def test_an_unknown_authority_is_refused(make_http: MakeClient, upstream: Adversary) -> None:
    client = make_http()
    upstream.plays([ANSWERS["unary"]])
    with pytest.raises(UpstreamFailed, match="certificate of `group` is not trusted") as failed:
        await client.send(call(upstream))
    assert "127.0.0.1" not in failed.value.message
    assert upstream.requests == []
    await client.close()


async def test_a_certificate_for_another_name_is_refused(make_http: MakeClient, upstream: Adversary, tls: TLS) -> None:
    client = make_http(tls=tls.client, guard=OutboundGuard(OutboundPolicy(), Origin.DOCUMENT, lookup=loopback))
    upstream.plays([ANSWERS["unary"]])
    with pytest.raises(UpstreamFailed, match="it is for another name") as failed:
        await client.send(call(upstream, "wrong.test"))
    assert "wrong.test" not in failed.value.message
    assert upstream.requests == []
    await client.close()


async def test_plain_http_is_no_tls(make_http: MakeClient, tls: TLS) -> None:
    client = make_http(tls=tls.client)
    async with adversary() as spoken:
        spoken.plays([ANSWERS["unary"]])
        with pytest.raises(UpstreamFailed, match="`group`"):  # it waits for more of what it takes for a head
            await client.send(HTTPRequest(spoken.url.replace("http:", "https:"), {}, b"", "group", 0.2))
        assert spoken.requests == []
        await client.close()


@pytest.mark.parametrize("end", [RESET, CLOSE], ids=["reset", "close"])
async def test_a_cut_answer_fails(make_http: MakeClient, upstream: Adversary, tls: TLS, end: object) -> None:
    client, answer = make_http(tls=tls.client), ANSWERS["chunked"]
    for offset in range(1, len(answer), 9):
        upstream.plays([answer[:offset], end])  # type: ignore[list-item]
        with pytest.raises(UpstreamFailed):
            await (await client.send(call(upstream))).read()
    await client.close()


async def test_long_bodies_both_ways(make_http: MakeClient, upstream: Adversary, tls: TLS) -> None:
    client, body = make_http(tls=tls.client, max_body_bytes=10_000_000), b"0123456789" * 400_000
    upstream.plays([b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body), body])
    assert await (await client.send(call(upstream, body=body))).read() == body
    assert upstream.requests[0].endswith(body)
    upstream.plays([EARLY, ANSWERS["unary"], STALL])
    assert await (await client.send(call(upstream, body=body * 3))).read() == BODY
    await client.close()
