"""Questions over a real NATS server, and who answers them."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from routeiq.kit import bus as bus_module
from routeiq.kit import bus_requests
from routeiq.kit.bus import Bus, BusUnavailable
from routeiq.kit.bus_requests import MOST_AT_ONCE, Handler, NobodyAnswers, NotAnswered, Requests
from routeiq.kit.errors import InvalidRequest
from tests.support.buses import connected, restart
from tests.support.servers.nats import NATS
from tests.support.waiting import LONGER_S, PATIENCE_S, until


@asynccontextmanager
async def answering(server: NATS, subject: str, handler: Handler) -> AsyncIterator[Bus]:
    """Somebody who does."""
    bus = Bus(server.url, "answers")
    requests = Requests(bus)
    requests.answer(subject, "all", handler)
    bus.start()
    await until(lambda: bus.connected)
    try:
        yield bus
    finally:
        await requests.close()
        await bus.close()


async def echo(question: bytes) -> bytes:
    return question + b"!"


@pytest.fixture
async def asker(nats_server: NATS) -> AsyncIterator[Requests]:
    async with connected(nats_server) as bus:
        yield Requests(bus)


@pytest.fixture
def subject() -> str:
    return f"test.{secrets.token_hex(4)}"


async def test_a_question_is_answered(nats_server: NATS, asker: Requests, subject: str) -> None:
    async with answering(nats_server, subject, echo):
        assert await asker.ask(subject, b"hello", PATIENCE_S) == b"hello!"
        assert await asker.ask(subject, b"", PATIENCE_S) == b"!"


async def test_that_nobody_answers_is_said_at_once(asker: Requests, subject: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(NobodyAnswers):
            await asker.ask(subject, b"hello", LONGER_S)


async def test_of_two_one_answers_each_question(nats_server: NATS, asker: Requests, subject: str) -> None:
    asked: Counter[str] = Counter()

    def counting(name: str) -> Handler:
        async def answer(question: bytes) -> bytes:
            asked[name] += 1
            return name.encode()

        return answer

    async with answering(nats_server, subject, counting("a")), answering(nats_server, subject, counting("b")):
        heard = Counter([(await asker.ask(subject, b"", PATIENCE_S)).decode() for _ in range(100)])
    assert heard == asked
    assert set(heard) == {"a", "b"}
    assert heard.total() == 100


async def test_the_other_answers_when_one_is_gone(nats_server: NATS, asker: Requests, subject: str) -> None:
    async with answering(nats_server, subject, echo):
        async with answering(nats_server, subject, echo):
            pass
        assert [await asker.ask(subject, b"%d" % n, PATIENCE_S) for n in range(10)] == [b"%d!" % n for n in range(10)]
    with pytest.raises(NobodyAnswers):
        await asker.ask(subject, b"", PATIENCE_S)


async def test_who_ends_answers_what_it_was_asked(
    nats_server: NATS, asker: Requests, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "FLUSH_S", PATIENCE_S)
    monkeypatch.setattr(bus_requests, "LAST_ANSWERS_S", PATIENCE_S)
    asked = asyncio.Event()

    async def slowly(question: bytes) -> bytes:
        asked.set()
        await asyncio.sleep(0.2)
        return question + b"!"

    async with answering(nats_server, subject, slowly):
        answers = [asyncio.create_task(asker.ask(subject, b"%d" % n, PATIENCE_S)) for n in range(10)]
        await asked.wait()
    assert await asyncio.gather(*answers) == [b"%d!" % n for n in range(10)]


@pytest.mark.parametrize("error", [InvalidRequest("a secret"), ValueError("a secret")])
async def test_one_that_fails_says_that_it_did_and_not_why(
    nats_server: NATS, asker: Requests, subject: str, error: Exception
) -> None:
    async def fail(question: bytes) -> bytes:
        if question:
            raise error
        return b"fine"

    async with answering(nats_server, subject, fail):
        with pytest.raises(NotAnswered) as raised:
            await asker.ask(subject, b"x", PATIENCE_S)
        assert "secret" not in str(raised.value)
        assert await asker.ask(subject, b"", PATIENCE_S) == b"fine"


async def test_an_answer_that_is_too_large_is_none(nats_server: NATS, asker: Requests, subject: str) -> None:
    async def much(_: bytes) -> bytes:
        return bytes(2 * 1024 * 1024)

    async with answering(nats_server, subject, much):
        with pytest.raises(NotAnswered):
            await asker.ask(subject, b"", PATIENCE_S)


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    nats_server: NATS, asker: Requests, subject: str
) -> None:
    async def slow(_: bytes) -> bytes:
        await asyncio.sleep(LONGER_S)
        return b""

    async with answering(nats_server, subject, slow), asyncio.timeout(PATIENCE_S):
        with pytest.raises(BusUnavailable):
            await asker.ask(subject, b"", 0.3)


async def test_many_are_answered_at_once_and_no_more_than_that(
    nats_server: NATS, asker: Requests, subject: str
) -> None:
    at_once, most = 0, 0

    async def slow(question: bytes) -> bytes:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        return question

    async with answering(nats_server, subject, slow):
        questions = [b"%d" % number for number in range(3 * MOST_AT_ONCE)]
        heard = await asyncio.gather(*(asker.ask(subject, question, PATIENCE_S) for question in questions))
    assert (heard, most) == (questions, MOST_AT_ONCE)


async def test_it_answers_again_when_the_server_is_back(own_nats: NATS, subject: str) -> None:
    async with answering(own_nats, subject, echo) as bus, connected(own_nats) as other:
        asker = Requests(other)
        assert await asker.ask(subject, b"a", PATIENCE_S) == b"a!"
        await restart(own_nats, bus, other)
        assert await asker.ask(subject, b"b", PATIENCE_S) == b"b!"


async def test_without_a_connection_it_says_so_at_once(own_nats: NATS, subject: str) -> None:
    async with connected(own_nats) as bus:
        own_nats.kill()
        await until(lambda: not bus.connected)
        with pytest.raises(BusUnavailable):
            async with asyncio.timeout(PATIENCE_S):
                await Requests(bus).ask(subject, b"", LONGER_S)
