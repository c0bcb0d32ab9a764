"""Paths that another service owns: what goes on to it, what comes back, and what happens when it is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from routeiq.kit.asgi import Receive, Scope, Send
from routeiq.kit.server import HTTPServer
from tests.support.asgi import Client, call, scope
from tests.support.gateway import AUTH, edge, error, linked
from tests.support.http_server import Raw, connected, serving
from tests.support.owner import FakeOwner
from tests.support.waiting import PATIENCE_S

KEY_LINE = f"{AUTH[0]}: {AUTH[1]}".encode()


@pytest.fixture
async def owner() -> FakeOwner:
    return FakeOwner()


@asynccontextmanager
async def gateway(owner: FakeOwner, **settings: object) -> AsyncIterator[Raw]:
    """A connection to a real gateway before a real owner."""
    async with serving(owner) as behind, passing_on(behind, **settings) as server, connected(server) as client:
        yield client


@asynccontextmanager
async def passing_on(behind: HTTPServer | str, **settings: object) -> AsyncIterator[HTTPServer]:
    url = behind if isinstance(behind, str) else f"http://{behind.address}"
    link = linked(url, **settings)  # type: ignore[arg-type]  # of `linked`
    try:
        async with serving(edge(link=link)) as server:
            yield server
    finally:
        for delegate in link.delegates.values():
            await delegate.close()


def ask(method: bytes, target: bytes, *lines: bytes, body: bytes = b"", key: bool = True) -> bytes:
    length = [b"content-length: %d" % len(body)] if body else []
    head = [method + b" " + target + b" HTTP/1.1", b"host: x", *([KEY_LINE] if key else []), *length, *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


async def test_what_goes_on_is_on_a_list(owner: FakeOwner) -> None:
    sent = (
        b"cookie: a=b", b"x-api-key: sk-other", b"x-service-key: sk-service", b"x-request-id: mine",
        b"litellm-changed-by: ada", b"content-type: application/json", b"x-anything: else",
        b"x-routeiq-internal-assertion: forged", b"x-routeiq-internal-changed: forged", b"connection: x-anything",
    )  # fmt: skip
    async with gateway(owner) as client:
        await client.send(ask(b"POST", b"/key/generate?send=1", *sent, body=b'{"models":[]}'))
        assert (await client.reply()).status == 200
    assert (owner.last["method"], owner.last["path"], owner.last["query"]) == ("POST", "/key/generate", "send=1")
    assert owner.last["body"] == b'{"models":[]}'
    assertion = owner.headers.pop("x-routeiq-internal-assertion")
    assert assertion.startswith("for ")
    assert owner.headers.keys() == {"host", "content-length", "content-type", "litellm-changed-by", "x-request-id"}
    assert owner.headers["x-request-id"] == "mine"


async def test_what_comes_back_is_the_owners_less_what_is_between_us(owner: FakeOwner) -> None:
    owner.replies(
        404, (b"content-type", b"application/problem"), (b"x-own", b"1"), (b"set-cookie", b"a=b"),
        (b"x-request-id", b"other"), (b"x-routeiq-internal-changed", b""), body=b"no",
    )  # fmt: skip
    async with gateway(owner) as client:
        await client.send(ask(b"GET", b"/key/list", b"x-request-id: mine"))
        reply = await client.reply()
    assert (reply.status, reply.body, reply.headers["x-request-id"]) == (404, b"no", "mine")
    assert reply.headers.keys() == {"content-type", "x-own", "content-length", "x-request-id", "date"}


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        (b"/api/v1/providers/a%2Fb", None),
        (b"/api/v1/providers/a%20b?x=%20y&z", ("/api/v1/providers/a%20b", "x=%20y&z")),
        (b"/api/v1/providers/%252e%252e", ("/api/v1/providers/%252e%252e", "")),
        (b"/api/v1/providers/..", ("/api/v1/providers/..", "")),
        (b"/api/v1/providers/a%3Fb%0d%0a", ("/api/v1/providers/a%3Fb%0D%0A", "")),
        (b"/key/info?key=sk-1&x=1", ("/key/info", "key=sk-1&x=1")),
        (b"http://elsewhere/key/info", ("/key/info", "")),
    ],
)
async def test_the_path_that_was_checked_is_the_path_that_goes_on(
    owner: FakeOwner, sent: bytes, passed: tuple[str, str] | None
) -> None:
    async with gateway(owner) as client:
        await client.send(ask(b"GET", sent))
        reply = await client.reply()
    assert reply.status == (200 if passed else 404)
    assert [(one["path"], one["query"]) for one in owner.seen] == ([passed] if passed else [])


async def test_a_key_in_the_query_that_stands_for_the_caller_stays_here(owner: FakeOwner) -> None:
    key = AUTH[1].removeprefix("Bearer ").encode()
    async with gateway(owner) as client:
        await client.send(ask(b"GET", b"/key/list?page=2&key=" + key + b"&%6bey=again&keys=1", key=False))
        assert (await client.reply()).status == 200
    assert owner.last["query"] == "page=2&keys=1"


async def test_nobody_asks_for_what_needs_a_key_and_anybody_for_what_needs_none(owner: FakeOwner) -> None:
    async with gateway(owner) as client:
        await client.send(ask(b"GET", b"/key/list", key=False))
        assert (await client.reply()).status == 401
        await client.send(ask(b"PUT", b"/key/list"))
        assert (await client.reply()).status == 405
        assert owner.seen == []
        await client.send(ask(b"GET", b"/api/v1/health", key=False))
        assert (await client.reply()).status == 200
    assert owner.headers["x-routeiq-internal-assertion"] == "for nobody"


async def test_head_is_get_without_a_body(owner: FakeOwner) -> None:
    owner.replies(200, body=b"long")
    async with gateway(owner) as client:
        await client.send(ask(b"HEAD", b"/key/list"))
        reply = await client.reply(head_only=True)
    assert (owner.last["method"], reply.headers["content-length"]) == ("GET", "4")


async def test_no_content_has_none(owner: FakeOwner) -> None:
    owner.replies(204)
    async with gateway(owner) as client:
        await client.send(ask(b"DELETE", b"/api/v1/providers/x"), ask(b"DELETE", b"/api/v1/providers/y"))
        assert [(await client.reply()).status for _ in range(2)] == [204, 204]


async def test_a_body_that_comes_slowly_goes_on(owner: FakeOwner) -> None:
    async with gateway(owner) as client:
        await client.send(ask(b"POST", b"/key/generate", b"transfer-encoding: chunked"))
        for piece in (b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n"):
            await asyncio.sleep(0.02)
            await client.send(piece)
        assert (await client.reply()).status == 200
    assert owner.last["body"] == b"abcde"


@pytest.mark.parametrize("slowly", [False, True])
async def test_a_body_over_the_limit_is_refused(owner: FakeOwner, slowly: bool) -> None:
    async with gateway(owner, body_limit=10) as client:
        head, body = ask(b"POST", b"/key/generate", b"content-length: 20"), b"x" * 20
        await client.send(*([head, body[:5]] if slowly else [head + body]))
        if slowly:
            await asyncio.sleep(0.05)
            await client.send(body[5:])
        reply = await client.reply()
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (413, "request_too_large")
    assert owner.seen == []


async def test_an_answer_streams(owner: FakeOwner) -> None:
    owner.replies(200, (b"content-type", b"text/event-stream"), body=b"data: 1\n\n", more=True)
    owner.hang = True
    async with gateway(owner) as client:
        await client.send(ask(b"GET", b"/key/list"))
        async with asyncio.timeout(PATIENCE_S):
            head = await client.reader.readuntil(b"\r\n\r\n")
            assert await client.reader.readexactly(14) == b"9\r\ndata: 1\n\n\r\n"
        assert b"text/event-stream" in head
        client.writer.close()
        async with asyncio.timeout(PATIENCE_S):
            await owner.left.wait()


async def test_a_client_that_leaves_ends_the_call(owner: FakeOwner) -> None:
    owner.answer, owner.hang = [], True
    async with gateway(owner) as client:
        await client.send(ask(b"POST", b"/key/generate", body=b"{}"))
        while not owner.seen:
            await asyncio.sleep(0.01)
        assert not owner.left.is_set()
        client.writer.close()
        async with asyncio.timeout(PATIENCE_S):
            assert await owner.left.wait()


async def test_an_answer_that_breaks_off_is_not_made_whole(owner: FakeOwner) -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("gone")

    async with serving(breaks) as behind, passing_on(behind) as server, connected(server) as client:
        await client.send(ask(b"GET", b"/key/list"))
        rest = await client.rest()
    assert rest.endswith(b"4\r\nhalf\r\n")


@pytest.mark.parametrize(
    ("url", "retry_after"), [("", "60"), ("http://127.0.0.1:1", "1")], ids=["not configured", "nobody listens"]
)
async def test_an_owner_that_is_away_is_a_503(url: str, retry_after: str) -> None:
    async with passing_on(url) as server, connected(server) as client:
        await client.send(ask(b"POST", b"/key/generate", body=b"{}"))
        reply = await client.reply()
    assert (reply.status, reply.headers["retry-after"]) == (503, retry_after)
    assert json.loads(reply.body)["error"]["type"] == "service_unavailable"


async def test_what_was_changed_is_applied_before_the_answer_and_stays_here(owner: FakeOwner) -> None:
    owner.replies(200, (b"x-routeiq-internal-changed", b"CgFh"), body=b"{}")
    order: list[str] = []

    async def apply(value: bytes) -> None:
        await asyncio.sleep(0.05)
        order.append(value.decode())

    async with gateway(owner, apply=apply) as client:
        await client.send(ask(b"POST", b"/key/delete", body=b"{}"))
        reply = await client.reply()
        order.append("answered")
    assert order == ["CgFh", "answered"]
    assert "x-routeiq-internal-changed" not in reply.headers


async def test_what_was_changed_may_be_much(owner: FakeOwner) -> None:
    much = b"A" * 200_000
    owner.replies(200, (b"x-routeiq-internal-changed", much), body=b"{}")
    seen: list[int] = []

    async def apply(value: bytes) -> None:
        seen.append(len(value))

    async with gateway(owner, apply=apply) as client:
        await client.send(ask(b"POST", b"/key/delete", body=b"{}"))
        assert (await client.reply()).status == 200
    assert seen == [len(much)]


async def test_under_another_server_it_is_the_same(owner: FakeOwner) -> None:
    owner.replies(200, body=b"[1]")
    async with serving(owner) as behind:
        link = linked(f"http://{behind.address}")
        answer = await call(edge(link=link), scope("POST", "/key/update", [AUTH], b"a=1"), b"{}")
        client = Client(b"{}")
        owner.answer, owner.hang = [], True
        asking = asyncio.create_task(edge(link=link)(scope("POST", "/key/update", [AUTH]), client.receive, client.send))
        while len(owner.seen) < 2:
            await asyncio.sleep(0.01)
        client.leave()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(asking, owner.left.wait())
        for delegate in link.delegates.values():
            await delegate.close()
    assert (answer.status, answer.body, client.answer.messages) == (200, b"[1]", [])


async def test_a_refused_request_has_openais_error_shape() -> None:
    answer = await call(edge(link=linked()), scope("GET", "/key/list", [AUTH]))
    assert error(answer)["code"] == "service_unavailable"
