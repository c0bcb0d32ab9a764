"""Calls of one service to another, byte for byte, before a server that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from routeiq.kit.errors import BodyTooLarge
from routeiq.kit.internal_http import InternalClient, ServiceAway, ServiceSilent
from tests.support.certificates import make_tls
from tests.support.internal_owner import OK, Owner, answers, owned, read, says, send
from tests.support.waiting import LONGER_S, PATIENCE_S


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
