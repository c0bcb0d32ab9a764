"""Requests that take no task: what they come to is what the same request comes to as one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from routeiq.config.price import INPUT, OUTPUT, costs_in, price_of
from routeiq.config.state import Deployment
from routeiq.gateway.pipeline import passage_whole
from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream.http_exchange import BUFFER_BYTES
from routeiq.gateway.upstream.openai_compatible import OpenAICompatible
from routeiq.gateway.upstream.prompt_call import PromptCall
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.kit.errors import InvalidRequest
from tests.support.passing import Line, answer_of, hangs_up, says, silent, task_of, turns
from tests.support.prompt_gateway import (
    BUSY,
    CHAT,
    DOWN,
    FALLBACKS,
    FINE,
    bench,
    figures,
    member,
    packed,
    shown,
    told,
)
from tests.support.twins import ANSWER


async def test_an_answer_takes_no_task() -> None:
    one = await bench()
    one.pool.script.append(FINE)
    client = await one.passed()
    assert (client.status, client.body_sent, client.task) == (200, ANSWER, None)
    assert one.outcome.usage == Usage(3, 5)
    assert one.idle


async def test_a_look_at_an_answer_that_fails_is_an_error_and_no_endless_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(passage_whole, "read_usage", fails)
    one = await bench()
    one.pool.script.append(FINE)
    client = await one.passed()
    assert (client.status, one.outcome.status, one.outcome.error, one.idle) == (500, 500, "internal_error", True)


async def test_an_answer_that_takes_no_task_says_what_it_cost() -> None:
    one = await bench(member(price=price_of(costs_in({INPUT: 1e-6, OUTPUT: 2e-6}))))
    one.pool.script.append(FINE)
    client = await one.passed()
    assert client.headers["x-litellm-response-cost"] == "0.000013"


SCRIPTS: Mapping[str, Sequence[Line]] = {
    "an answer": [FINE],
    "another content type": [says(200, ANSWER, b"x-odd: yes", b"openai-organization: o")],
    "created": [says(201, ANSWER)],
    "without usage": [says(200, b"{}")],
    "packed": [packed(ANSWER)],
    "badly packed": [says(200, b"no gzip", b"content-encoding: gzip")],
    "no json": [says(200, b"<html>")],
    "no object": [says(200, b"[]")],
    "empty": [says(200, b"")],
    "a redirect": [says(302, b"", b"location: /x")],
    "the caller's error": [says(400, b'{"error":{"message":"no","code":"bad"}}')],
    "busy, then fine": [BUSY, FINE],
    "down, then fine": [DOWN, FINE],
    "down for good": [DOWN, DOWN, DOWN, DOWN],
    "long": [says(200, b'{"x":"%b"}' % (b"a" * 3 * BUFFER_BYTES))],
    "long and down": [says(500, b"a" * 3 * BUFFER_BYTES), FINE],
    "no http": [lambda peer: peer.say(b"EHLO\r\n\r\n"), FINE],
    "cut in its head": [lambda peer: (peer.say(b"HTTP/1.1 200 OK\r\n"), peer.hang_up())[0], FINE],
    "cut in its body": [lambda peer: (peer.say(answer_of(200, ANSWER)[:-3]), peer.hang_up())[0], FINE],
    "a refusal cut in its body": [lambda peer: (peer.say(answer_of(429, ANSWER)[:-3]), peer.hang_up())[0], FINE],
    "in pieces": [lambda peer: peer.say(*(bytes([byte]) for byte in answer_of(200, ANSWER)))],
    "bad chunk": [lambda peer: peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}no\r\n"), FINE],
    "chunked": [lambda peer: peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")],
    "until it closes": [lambda peer: (peer.say(b"HTTP/1.1 200 OK\r\n\r\n" + ANSWER), peer.half_close())[0]],
    "behind an interim one": [lambda peer: peer.say(b"HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n" + answer_of(200, ANSWER))],
    "and another one": [lambda peer: peer.say(answer_of(200, ANSWER) * 2)],
    "the last one": [says(200, ANSWER, b"connection: close")],
    "stale": [hangs_up, FINE],
    "stale, then down": [hangs_up, DOWN, FINE],
}


@pytest.mark.parametrize("retries", [0, 1])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_whatever_comes_ends_as_it_would_as_a_task(script: Sequence[Line], retries: int) -> None:
    price = price_of(costs_in({INPUT: 1e-6, OUTPUT: 2e-6}))
    deployments = member(price=price), member("other", "other")
    passed = await bench(*deployments, num_retries=retries, fallbacks=FALLBACKS)
    general = await bench(*deployments, num_retries=retries, fallbacks=FALLBACKS)
    passed.pool.script.extend([*script, FINE, FINE])
    general.pool.script.extend([*script, FINE, FINE])
    client, answer = await passed.passed(), await general.general()
    await turns()  # until what was aborted is closed
    assert (client.status, client.body_sent) == (answer.status, answer.body)
    assert shown(client.headers) == shown(answer.headers)
    assert told(passed.outcome) == told(general.outcome)
    assert figures(passed, "m", "other") == figures(general, "m", "other")
    assert passed.ended.refusals == general.ended.refusals
    assert passed.pool.requests == general.pool.requests
    assert passed.pool.open_connections == general.pool.open_connections
    assert passed.idle


async def test_a_stale_connection_costs_a_call_but_counts_once() -> None:
    one = await bench()
    one.pool.script.extend([hangs_up, FINE])
    client = await one.passed()
    assert (client.status, len(one.outcome.attempts), one.pool.requests) == (200, 1, 2)
    assert (one.live().requests, one.live().finished, one.idle) == (1, 1, True)


async def test_after_a_stale_connection_the_next_is_a_new_one() -> None:
    one = await bench(connections=2)
    one.pool.script.extend([hangs_up, FINE])
    client = await one.passed()
    assert (client.status, one.pool.requests, len(one.pool.peers)) == (200, 2, 3)


async def test_a_stale_connection_does_not_give_its_deployment_more_time() -> None:
    one = await bench(member(timeout_s=4.0))
    one.pool.script.extend([silent, silent])
    client = one.begin()
    await asyncio.sleep(3.0)
    one.pool.peers[0].hang_up()
    begun = asyncio.get_running_loop().time()
    await client.ended()
    assert client.status == 504
    assert asyncio.get_running_loop().time() - begun < 3.5
    assert one.outcome.attempts[0].seconds > 3.9


async def test_an_answer_that_is_too_long_to_keep_is_handed_over_whole() -> None:
    one = await bench()
    body = b'{"x":"%b"}' % bytes(97 + at % 26 for at in range(3 * BUFFER_BYTES))
    one.pool.script.append(silent)
    client = one.begin()
    await turns()
    data, peer = answer_of(200, body), one.pool.peers[0]
    for at in range(0, len(data), 50_000):
        while peer.paused:
            await asyncio.sleep(0)
        peer.say(data[at : at + 50_000])
        assert client.answers == 0 or at + 50_000 >= len(data)
    await client.ended()
    assert client.task is not None
    assert (client.status, client.body_sent) == (200, body)
    assert (len(one.outcome.attempts), one.idle, one.live().requests) == (1, True, 1)


async def test_a_cooled_deployment_is_passed_over() -> None:
    one = await bench(member(), member("other"), strategy="simple-shuffle")
    one.live("m").rest_until = one.figures.clock() + 60
    one.pool.script.extend([FINE] * 20)
    for _ in range(20):
        client = one.begin()
        await client.ended()
        assert client.status == 200
    assert one.live("m").requests == 0


async def test_an_answer_that_cannot_be_written_is_an_error_of_ours() -> None:
    passed, general = await bench(), await bench()
    passed.pool.script.append(FINE)
    client = passed.begin()
    client.fails = True
    await task_of(client)
    assert (passed.outcome.status, passed.outcome.error, passed.outcome.usage) == (500, "internal_error", None)
    assert [(one.status, one.reason) for one in passed.outcome.attempts] == [(200, "internal_error")]
    assert (passed.idle, passed.ended.refusals, passed.live().failures) == (True, [], 1)
    assert general.idle


class Inexpressible(OpenAICompatible):
    """One that cannot say what is asked."""

    error: Exception = InvalidRequest("no audio")

    def begin(self, request: UpstreamRequest, deployment: Deployment) -> PromptCall | None:
        raise self.error

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        raise self.error


class Broken(Inexpressible):
    error = ZeroDivisionError()


@pytest.mark.parametrize(("provider", "status"), [(Inexpressible, 400), (Broken, 500)])
async def test_a_call_that_cannot_be_made_is_answered_and_counted(
    provider: type[OpenAICompatible], status: int
) -> None:
    one = await bench(provider=provider)
    client = one.begin()
    await client.ended()
    assert (client.status, one.outcome.status, one.idle, one.live().in_flight) == (status, status, True, 0)


async def test_a_header_that_cannot_be_sent_costs_no_connection() -> None:
    one = await bench(member(params={"extra_headers": {"x-a": "b\nc"}}), member("other", "other"))
    client = one.begin()
    await client.ended()
    assert (client.status, one.pool.requests, one.idle) == (502, 0, True)
    one.pool.script.append(FINE)
    assert (await one.passed(CHAT.replace(b'"m"', b'"other"'))).status == 200
    assert (len(one.pool.peers), one.pool.requests) == (1, 1)
