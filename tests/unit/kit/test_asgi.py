"""Bodies with a limit, and clients that leave."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.kit.asgi import Answer, ClientDisconnected, DisconnectWatch, first_values, header, read_body
from routeiq.kit.errors import BodyTooLarge
from routeiq.kit.exchange import KEY
from routeiq.kit.ticker import Ticker
from tests.support.asgi import Client, scope


async def test_a_body_in_pieces_is_one_body() -> None:
    assert await read_body(scope(), Client(b"abcdef", chunk=2).receive, 6) == b"abcdef"


async def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    client = Client(b"abc")
    with pytest.raises(BodyTooLarge):
        await read_body(scope(headers=[("content-length", "3")]), client.receive, 2)
    assert await client.receive() == {"type": "http.request", "body": b"abc", "more_body": False}


async def test_an_undeclared_length_over_the_limit_is_refused_while_reading() -> None:
    with pytest.raises(BodyTooLarge, match="2 bytes"):
        await read_body(scope(), Client(b"abcdef", chunk=2).receive, 2)


async def test_a_client_that_leaves_while_sending_is_noticed() -> None:
    client = Client(b"abcd", chunk=2)
    await client.receive()
    client._incoming.clear()
    client.leave()
    with pytest.raises(ClientDisconnected):
        await read_body(scope(), client.receive, 10)


async def test_leaving_cancels_the_work() -> None:
    client = Client()
    await client.receive()
    with pytest.raises(ClientDisconnected), DisconnectWatch(client.receive, Ticker(), 0.01):
        client.leave()
        await asyncio.sleep(10)


async def test_work_that_ends_first_is_not_disturbed() -> None:
    client = Client()
    await client.receive()
    with DisconnectWatch(client.receive, Ticker(), 0.01):
        await asyncio.sleep(0)
    client.leave()
    await asyncio.sleep(0.01)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_another_cancellation_stays_one() -> None:
    client = Client()
    await client.receive()

    async def work() -> None:
        with DisconnectWatch(client.receive, Ticker(), 0.01):
            await asyncio.sleep(10)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_whole_answer_has_its_length_and_own_headers() -> None:
    client = Client()
    answer = Answer(client.send, [(b"x-own", b"1")])
    await answer.whole(200, b"{}")
    assert client.answer.headers == {"content-type": "application/json", "content-length": "2", "x-own": "1"}
    assert (answer.begun, answer.streams) == (True, False)


async def test_a_streamed_answer_is_open_until_its_end() -> None:
    client = Client()
    answer = Answer(client.send, [(b"x-own", b"1")])
    await answer.start(200, [])
    assert (answer.begun, answer.streams) == (True, True)
    await answer.end(b"last")
    assert (client.answer.body, client.answer.headers, answer.streams) == (b"last", {"x-own": "1"}, False)


async def test_another_application_answers_through_it() -> None:
    client = Client()
    answer = Answer(client.send, [(b"x-own", b"1")])
    await answer.passed({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await answer.passed({"type": "http.response.body", "body": b"x"})
    assert (client.answer.headers, client.answer.body, answer.begun) == ({"a": "b", "x-own": "1"}, b"x", True)


def test_the_first_of_repeated_headers_is_found() -> None:
    asked = scope(headers=[("a", "1"), ("a", "2")])
    assert (header(asked, b"a"), header(asked, b"b")) == (b"1", None)


@pytest.mark.parametrize("more", [{}, {KEY: None}])
def test_the_first_values_are_those_of_any_server(more: dict[str, object]) -> None:
    asked = scope(headers=[("a", "1"), ("b", "2"), ("a", "3")]) | more
    assert first_values(asked) == {b"a": b"1", b"b": b"2"}
