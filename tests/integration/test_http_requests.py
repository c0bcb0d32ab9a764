"""What a server makes of requests: scopes, bodies and their order. Raw sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from routeiq.kit.asgi import Answer, Receive, Scope, Send, read_body
from routeiq.kit.exchange import KEY, exchange_of
from routeiq.kit.server import HTTPServer, sweep
from tests.support.http_server import chunked, connected, plain, post, same, serving
from tests.support.waiting import PATIENCE_S

LIMIT = 1 << 24
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """The scope and the body, as JSON."""
    body = await read_body(scope, receive, LIMIT)
    told = {name: value for name, value in scope.items() if name not in (KEY, "state", "client", "server")}
    told |= {"state": sorted(scope["state"]), "body": body, "loopback": scope["client"][0], "port": scope["server"][1]}
    text = json.dumps(told, default=lambda value: value.decode("latin-1")).encode()
    await Answer(send, [], exchange_of(scope)).whole(200, text)


@pytest.fixture(params=[plain, same])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[HTTPServer]:
    async with serving(request.param(echo)) as made:
        yield made


async def told(server: HTTPServer, request: bytes) -> dict[str, object]:
    async with connected(server) as raw:
        await raw.send(request)
        reply = await raw.reply()
        assert reply.status == 200
        made: dict[str, object] = json.loads(reply.body)
        return made


async def test_the_scope_is_asgis(server: HTTPServer) -> None:
    got = await told(server, post(b"hi", b"X-Odd: A\xe9", path=b"/a%2fb%20c?x=%20y&z#f"))
    assert got == {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "root_path": "", "path": "/a/b c", "raw_path": "/a%2fb%20c", "query_string": "x=%20y&z",
        "headers": [["host", "x"], ["content-length", "2"], ["x-odd", "A\xe9"]], "state": [], "body": "hi",
        "loopback": "127.0.0.1", "port": int(server.address.rpartition(":")[2]),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [(b"http://h/p?q", "/p", "q"), (b"/a#f", "/a", ""), (b"//a", "//a", ""), (b"/?", "/", ""), (b"*", "*", "")],
)
async def test_targets_of_other_forms(server: HTTPServer, target: bytes, path: str, query: str) -> None:
    got = await told(server, b"OPTIONS %b HTTP/1.1\r\nhost: x\r\n\r\n" % target)
    assert (got["path"], got["query_string"], got["method"]) == (path, query, "OPTIONS")


@pytest.mark.parametrize("target", [b"http://h", b"/\xff", b"x", b"h:80"])
async def test_targets_that_are_none_are_400(server: HTTPServer, target: bytes) -> None:
    async with connected(server) as raw:
        await raw.send(b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % target + GET)
        assert (await raw.rest()).count(b"HTTP/1.1 400 Bad Request") == 1


@pytest.mark.parametrize("said", [b"RTSP/1.0", b"RTSP/1.1", b"HTTP/0.9", b"HTTP/2.0"])
@pytest.mark.parametrize("cut", [0, 12])
@pytest.mark.parametrize("before", [b"", GET], ids=["alone", "behind another"])
async def test_no_protocol_but_http_1_is_spoken(server: HTTPServer, said: bytes, cut: int, before: bytes) -> None:
    line = b"OPTIONS / %b\r\nhost: x\r\n\r\n" % said
    async with connected(server) as raw:
        await raw.send(before + line[:cut])
        if before:
            assert (await raw.reply()).status == 200
        elif cut:
            await asyncio.sleep(0.02)
        await raw.send(line[cut:])
        assert (await raw.rest()).startswith(b"HTTP/1.1 505 HTTP Version Not Supported\r\n")


async def test_trailers_are_nobodys(server: HTTPServer) -> None:
    async with connected(server) as raw:
        await raw.send(chunked(b"a", b"bc", trailers=b"authorization: Bearer x\r\n") + GET)
        for body in ("abc", ""):
            got = json.loads((await raw.reply()).body)
            assert got["body"] == body
            assert "authorization" not in dict(got["headers"])


@pytest.mark.parametrize("cut", [0, 30, 60, 70, 90])
async def test_each_request_says_its_own_version(server: HTTPServer, cut: int) -> None:
    """Also where what came before, be it a body, reads as another request line for the same thing."""
    new, old = b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.0\r\n"
    sent = new + b"host: x\r\ncontent-length: %d\r\n\r\n%b" % (len(new), new) + old + b"host: x\r\n\r\n"
    async with connected(server) as raw:
        await raw.send(sent[:cut])
        await asyncio.sleep(0.01 if cut else 0)
        await raw.send(sent[cut:])
        versions = [json.loads((await raw.reply()).body)["http_version"] for _ in range(2)]
    assert versions == ["1.1", "1.0"]


async def test_requests_in_one_segment_are_answered_in_order(server: HTTPServer) -> None:
    async with connected(server) as raw:
        await raw.send(b"".join(post(b"%d" % n) for n in range(100)))
        assert [json.loads((await raw.reply()).body)["body"] for _ in range(100)] == [str(n) for n in range(100)]


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
async def test_an_upgrade_is_a_request_like_any_other(server: HTTPServer, upgrade: bytes) -> None:
    asks = b"connection: upgrade\r\nupgrade: %b" % upgrade
    async with connected(server) as raw:
        await raw.send((post(b"", asks) + post(GET, asks) + chunked(b"a", b"b", line=asks)) * 2 + post(b"last"))
        await raw.send(*(post(b"abc", asks)[at:][:1] for at in range(200)))
        bodies = [json.loads((await raw.reply()).body)["body"] for _ in range(8)]
    assert bodies == ["", GET.decode(), "ab"] * 2 + ["last", "abc"]


async def test_thousands_of_upgrades_in_one_segment(server: HTTPServer) -> None:
    one = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
    async with connected(server) as raw:
        await raw.send(one * 1000)
        for _ in range(1000):
            assert (await raw.reply()).status == 200


async def test_expecting_clients_are_told_to_go_on(server: HTTPServer) -> None:
    async with connected(server) as raw:
        head, _, _ = post(b"body", b"Expect: 100-Continue").partition(b"body")
        await raw.send(head)
        assert (await raw.reply()).status == 100
        await raw.send(b"body")
        assert json.loads((await raw.reply()).body)["body"] == "body"


async def test_nobody_is_told_to_go_on_without_need() -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await Answer(send, [], exchange_of(scope)).whole(413, b"")

    for handler, request in (
        (echo, post(b"body", b"expect: 100-continue")),
        (refuse, post(b"", b"expect: 100-continue")),
    ):
        async with serving(handler) as server, connected(server) as raw:
            await raw.send(request)
            assert (await raw.reply()).status in (200, 413)


@pytest.mark.parametrize(
    "bad", [b"no http\r\n\r\n", post(b"", b"transfer-encoding: chunked"), chunked(b"a")[:-6] + b"x\r\n"]
)
async def test_a_bad_request_is_refused_behind_the_good_ones(server: HTTPServer, bad: bytes) -> None:
    async with connected(server) as raw:
        await raw.send(post(b"0") + post(b"1") + bad + GET)
        assert [json.loads((await raw.reply()).body)["body"] for _ in range(2)] == ["0", "1"]
        data = await raw.rest()
        assert data.startswith(b"HTTP/1.1 400 ")
        assert data.count(b"HTTP/1.1") == 1


async def test_what_the_server_refuses_is_reported_once_each() -> None:
    statuses: list[int] = []
    async with (
        serving(echo, refused=statuses.append) as server,
        connected(server) as odd,
        connected(server) as large,
        connected(server) as late,
        connected(server) as good,
    ):
        await odd.send(b"no http\r\n\r\n" * 2)
        await odd.rest()
        await large.send(b"GET / HTTP/1.1\r\nx-a: " + b"a" * 140_000)
        await large.reply()
        await late.send(b"GET ")
        await good.send(GET)
        await good.reply()
        sweep(server._server.server_state.connections, asyncio.get_running_loop().time() + 21)
        assert b" 408 " in await late.rest()
    assert statuses == [400, 431, 408]


async def test_an_official_client_is_served(server: HTTPServer) -> None:
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=PATIENCE_S) as client:
        for body in (b"", b"x" * 200_000):
            answer = await client.post("/p", content=body)
            assert len(answer.json()["body"]) == len(body)
        assert (await client.head("/p")).headers["content-length"] != "0"
