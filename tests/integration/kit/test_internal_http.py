"""Calls of one service to another, byte for byte, before a server that does as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from routeiq.kit.errors import BodyTooLarge
from routeiq.kit.internal_http import InternalAnswer, InternalClient, ServiceAway, ServiceSilent
from tests.support.certificates import make_tls
from tests.support.waiting import LONGER_S, PATIENCE_S

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Play = Callable[["Owner", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Owner:
    """Notes the heads that come; `play` answers on each connection, which ends with it. `client` calls it."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self.heads: list[bytes] = []
        self.connections = 0
        self.left = asyncio.Event()
        self.port = 0
        self.client = InternalClient("", "owner")

    async def asked(self, reader: asyncio.StreamReader) -> bytes:
        """The next request's head."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.replace(b"Host:", b"host:").replace(b"127.0.0.1:%d" % self.port, b"owner"))
        return head

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._play(self, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.left.set()


async def answers(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """For as long as it is asked."""
    while True:
        await owner.asked(reader)
        writer.write(OK)


def says(*parts: bytes, then: float = 0) -> Play:
    """An answer in parts, and nothing for `then` seconds."""

    async def play(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await owner.asked(reader)
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.02)
        if then:
            async with asyncio.timeout(then):
                await reader.read()

    return play


@asynccontextmanager
async def owned(
    play: Play, host: str = "127.0.0.1", scheme: str = "http", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Owner]:
    owner = Owner(play)
    server = await asyncio.start_server(owner, "127.0.0.1", 0, ssl=tls)
    owner.port = server.sockets[0].getsockname()[1]
    owner.client = InternalClient(f"{scheme}://{host}:{owner.port}", "owner")
    async with server:
        yield owner
        await owner.client.close()


async def send(
    owner: Owner,
    method: str = "GET",
    target: str = "/",
    body: bytes | AsyncIterator[bytes] = b"",
    *,
    head_timeout_s: float = PATIENCE_S,
    gap_timeout_s: float = PATIENCE_S,
    **headers: str,
) -> InternalAnswer:
    return await owner.client.send(
        method, target, headers, body, head_timeout_s=head_timeout_s, gap_timeout_s=gap_timeout_s
    )


async def read(answer: InternalAnswer) -> bytes:
    try:
        return b"".join([chunk async for chunk in answer.chunks()])
    finally:
        answer.close()


async def test_nothing_is_sent_but_what_was_asked_for() -> None:
    async with owned(answers) as owner:
        for method, body in (("GET", b""), ("DELETE", b""), ("POST", b"")):
            assert await read(await send(owner, method, "/a%2Fb/../%7e?x=%20y&z", body, accept="a/b")) == b"ok"
    line = b"%b /a%%2Fb/../%%7e?x=%%20y&z HTTP/1.1\r\nhost: owner\r\naccept: a/b\r\n"
    nothing = b"content-length: 0\r\n"
    sent = [line % b"GET", line % b"DELETE" + nothing, line % b"POST" + nothing]
    assert [head.lower() for head in owner.heads] == [(head + b"\r\n").lower() for head in sent]


async def test_one_connection_serves_one_after_the_other() -> None:
    async with owned(answers) as owner:
        for _ in range(3):
            assert await read(await send(owner)) == b"ok"
        assert owner.connections == 1
        await asyncio.gather(*[send(owner) for _ in range(3)])
        assert owner.connections == 3


async def test_after_closing_a_later_call_opens_anew() -> None:
    async with owned(answers) as owner:
        assert await read(await send(owner)) == b"ok"
        await owner.client.close()
        async with asyncio.timeout(PATIENCE_S):
            await owner.left.wait()
        assert await read(await send(owner)) == b"ok"
        assert owner.connections == 2


async def test_an_answer_that_is_not_read_closes_its_connection() -> None:
    async with owned(says(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf", then=LONGER_S)) as owner:
        answer = await send(owner)
        assert (answer.status, answer.length) == (200, 20)
        answer.close()
        async with asyncio.timeout(PATIENCE_S):
            await owner.left.wait()


async def test_who_is_cancelled_closes_its_connection() -> None:
    async with owned(says(then=LONGER_S)) as owner:
        asking = asyncio.create_task(send(owner))
        while not owner.heads:
            await asyncio.sleep(0.01)
        asking.cancel()
        async with asyncio.timeout(PATIENCE_S):
            await owner.left.wait()


async def test_nothing_is_kept_of_who_was_cancelled_at_any_moment() -> None:
    async with owned(answers) as owner:
        for turns in range(12):
            asking = asyncio.create_task(send(owner))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            if not asking.cancelled():
                asking.result().close()
        await asyncio.sleep(0.05)
        assert not owner.client._open


@pytest.mark.parametrize("unasked", [b"", OK])
async def test_one_that_its_owner_closed_or_spoke_on_unasked_is_not_used_again(unasked: bytes) -> None:
    async def once(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await owner.asked(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % owner.connections)
        await asyncio.sleep(0.05)
        writer.write(unasked)
        await (reader.read() if unasked else asyncio.sleep(0))

    async with owned(once) as owner:
        for number in (b"1", b"2"):
            assert await read(await send(owner, "POST", body=b"{}")) == number
            await asyncio.sleep(0.1)


def dying(last: bytes, after: int) -> Play:
    """The first connection ends with `last` once it has given as many answers."""

    async def play(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(after if owner.connections == 1 else 1):
            await owner.asked(reader)
            writer.write(OK)
        await owner.asked(reader)
        writer.write(last)

    return play


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("DELETE", b""), ("PUT", b"{}")])
@pytest.mark.parametrize("after", [0, 1], ids=["new", "kept"])
async def test_what_may_be_repeated_is_where_no_answer_came(method: str, body: bytes, after: int) -> None:
    async with owned(dying(b"", after)) as owner:
        for _ in range(1 + after):
            assert await read(await send(owner, method, body=body)) == b"ok"
        assert (owner.connections, len(owner.heads)) == (2, 2 + after)


@pytest.mark.parametrize(("method", "last"), [("POST", b""), ("GET", b"HTTP/1.1 200 OK\r\ncont")])
@pytest.mark.parametrize("after", [0, 1], ids=["new", "kept"])
async def test_else_nothing_is(method: str, last: bytes, after: int) -> None:
    async with owned(dying(last, after)) as owner:
        for _ in range(after):
            assert await read(await send(owner, method)) == b"ok"
        with pytest.raises(ServiceAway, match=r"^owner cannot be reached\.$"):
            await send(owner, method)
        assert len(owner.heads) == 1 + after


async def test_what_comes_back_is_as_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    head = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=b\r\ncontent-encoding: gzip\r\nX: \xe9\r\nx: 2\r\n"
    async with owned(says(b"HTTP/1.1 103 Early\r\n\r\n", head + b"connection: close\r\n\r\nno", b" gzip")) as owner:
        answer = await send(owner)
        names = [(b"location", b"/b"), (b"set-cookie", b"a=b"), (b"content-encoding", b"gzip"), (b"x", b"\xe9")]
        assert (answer.status, answer.length) == (302, None)
        assert answer.headers == [*names, (b"x", b"2"), (b"connection", b"close")]
        assert await read(answer) == b"no gzip"
        assert b"cookie" not in b"".join(owner.heads)


async def test_a_head_may_be_long_but_not_without_end() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nmuch: %b\r\n\r\n"
    async with owned(says(head % (b"A" * 3_900_000))) as owner:
        assert len(dict((await send(owner)).headers)[b"much"]) == 3_900_000
    async with owned(says(head % (b"A" * 5_000_000))) as owner:
        with pytest.raises(ServiceAway):
            await send(owner)


async def test_a_body_goes_out_as_it_comes() -> None:
    heard = asyncio.Event()

    async def listens(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"transfer-encoding: chunked" in (await owner.asked(reader)).lower()
        assert await reader.readuntil(b"one\r\n") == b"3\r\none\r\n"
        heard.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"
        writer.write(OK)
        await answers(owner, reader, writer)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        await heard.wait()
        yield b"two"

    async with owned(listens) as owner:
        assert await read(await send(owner, "POST", body=pieces())) == b"ok"
        assert await read(await send(owner, "POST", body=b"x")) == b"ok"
        assert owner.connections == 1


async def test_who_refuses_an_upload_need_not_take_it() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async with owned(says(b"HTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno", then=LONGER_S)) as owner:
        answer = await send(owner, "POST", body=endless())
        assert (answer.status, await read(answer)) == (413, b"no")
    assert {task.get_name() for task in asyncio.all_tasks()} & {"internal upload"} == set()


async def test_half_an_upload_does_not_pass_for_a_whole_one() -> None:
    rest = asyncio.get_running_loop().create_future()

    async def breaks() -> AsyncIterator[bytes]:
        yield b"half"
        raise BodyTooLarge("too large")

    async def listens(owner: Owner, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await owner.asked(reader)
        try:
            rest.set_result(await reader.read())
        except ConnectionError:
            rest.set_result(b"")

    async with owned(listens) as owner:
        with pytest.raises(ServiceAway):
            await send(owner, "POST", body=breaks())
        async with asyncio.timeout(PATIENCE_S):
            assert await rest in (b"", b"4\r\nhalf\r\n")


async def test_a_silent_owner_is_not_one_that_is_away() -> None:
    async with owned(says(then=LONGER_S)) as owner:
        for head_s, gap_s in ((0.1, LONGER_S), (LONGER_S, 0.1)):
            with pytest.raises(ServiceSilent, match=r"^owner did not answer in time\.$"):
                await send(owner, "POST", body=b"{}", head_timeout_s=head_s, gap_timeout_s=gap_s)
        assert owner.connections == 2


@pytest.mark.parametrize(
    ("then", "error", "text"),
    [(LONGER_S, ServiceSilent, "stopped in the middle of its answer"), (0, ServiceAway, "broke off its answer")],
)
@pytest.mark.parametrize(
    "framing", [b"content-length: 20\r\n\r\nhalf", b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
)
async def test_an_answer_that_ends_early_says_how(
    then: float, error: type[Exception], text: str, framing: bytes
) -> None:
    seen = []
    async with owned(says(b"HTTP/1.1 200 OK\r\n" + framing, then=then)) as owner:
        answer = await send(owner, gap_timeout_s=0.2)
        with pytest.raises(error, match=f"^owner {text}\\.$"):
            async for chunk in answer.chunks():
                seen.append(chunk)
        answer.close()
    assert seen == [b"half"]


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"])
async def test_what_is_no_answer_is_nobody(answer: bytes) -> None:
    async with owned(says(answer)) as owner:
        with pytest.raises(ServiceAway):
            await send(owner)


async def test_what_cannot_be_sent_is_not_sent() -> None:
    async with owned(answers) as owner:
        with pytest.raises(ServiceAway):
            await send(owner, accept="a\r\nx: y")
        assert owner.heads == []


@pytest.mark.parametrize("url", ["", "owner", "owner:80", "ftp://owner", "http://", "http://owner:port"])
async def test_an_address_that_is_none_is_nobodys(url: str) -> None:
    nobody = InternalClient(url, "owner")
    with pytest.raises(ServiceAway):
        await nobody.send("GET", "/", {}, b"", head_timeout_s=1, gap_timeout_s=1)
    await nobody.close()


async def test_each_address_of_a_name_is_tried() -> None:
    async with owned(answers, host="localhost") as owner:
        assert await read(await send(owner)) == b"ok"


async def test_who_reads_slowly_fills_no_memory() -> None:
    size, sent = 32 * 1024 * 1024, 0

    async def pours(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await owner.asked(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        while sent < size:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async with owned(pours) as owner:
        answer = await send(owner)
        await asyncio.sleep(0.3)
        assert sent < size / 2
        assert len(await read(answer)) == size


async def test_there_are_no_more_than_a_hundred_at_a_time() -> None:
    async with owned(says(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", then=LONGER_S)) as owner:
        first = [await send(owner) for _ in range(100)]
        with pytest.raises(ServiceSilent):
            await send(owner, head_timeout_s=0.1)
        first[0].close()
        (await send(owner)).close()
        assert owner.connections == 101
        for answer in first:
            answer.close()


async def test_tls_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = make_tls(tmp_path)
    async with owned(answers, scheme="https", tls=tls.server) as owner:
        with pytest.raises(ServiceAway):
            await send(owner)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert await read(await send(owner)) == b"ok"
