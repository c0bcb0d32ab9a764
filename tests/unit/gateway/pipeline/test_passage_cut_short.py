"""Requests that take no task, and what ends them early: time, their client, the gate."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.support.passing import Line, answer_of, hangs_up, says, silent, turns
from tests.support.prompt_gateway import (
    CHAT,
    DOWN,
    FALLBACKS,
    FINE,
    Bench,
    bench,
    figures,
    member,
    packed,
    told,
)
from tests.support.twins import ANSWER
from tests.support.waiting import PATIENCE_S

STREAM = CHAT[:-1] + b',"stream":true}'


@pytest.mark.parametrize("head", [b"", answer_of(200, ANSWER)[:-5]], ids=["silent", "in mid-body"])
async def test_the_deployments_limit_is_a_time_out(head: bytes) -> None:
    one = await bench(member(timeout_s=0.05), member("other", "other"), fallbacks=FALLBACKS)
    one.pool.script.extend([lambda peer: peer.say(head) if head else None, FINE])
    client = await one.passed()
    assert (client.status, client.headers["x-routeiq-attempts"]) == (200, "m=504,other=200")
    assert (one.pool.peers[0].closed, one.idle, one.live().failures) == (True, True, 1)


async def test_the_requests_deadline_is_a_504() -> None:
    one = await bench(member(), member("other", "other"), fallbacks=FALLBACKS, timeout_s=0.05)
    one.pool.script.append(silent)
    client = await one.passed()
    assert (client.status, one.outcome.status, one.outcome.error) == (504, 504, "upstream_timeout")
    assert [attempt.status for attempt in one.outcome.attempts] == [504]
    assert (one.pool.peers[0].closed, one.idle) == (True, True)


@pytest.mark.parametrize("head", [b"", answer_of(200, ANSWER)[:-5]], ids=["silent", "in mid-body"])
async def test_a_client_that_leaves_closes_its_upstream(head: bytes) -> None:
    one = await bench()
    one.pool.script.append(lambda peer: peer.say(head) if head else None)
    client = one.begin()
    await turns()
    assert (one.gate.inside, one.live().in_flight) == (1, 1)
    client.leave()
    assert (one.pool.peers[0].closed, one.idle) == (True, True)
    await turns()
    trail = [("id-m", "m", 499, "client_disconnected", 0)]
    assert told(one.outcome) == (499, None, trail, None, 0, "client_disconnected", "")
    assert (client.answers, one.pool.open_connections) == (0, 0)


@pytest.mark.parametrize("line", [DOWN, packed(ANSWER), hangs_up, says(200, b"<html>")])
async def test_a_client_may_leave_between_the_passage_and_its_task(line: Line) -> None:
    one = await bench(num_retries=1)
    one.pool.script.extend([silent, silent])
    client = one.begin()
    await turns()
    line(one.pool.peers[0])
    await asyncio.sleep(0)  # to the end of the turn, in which the passage ends
    client.leave()
    await turns(10)
    assert client.task is not None
    await asyncio.wait([client.task], timeout=PATIENCE_S)
    assert (client.answers, len(one.ended.outcomes), one.idle) == (0, 1, True)


async def test_a_client_may_leave_in_the_turn_in_which_its_answer_comes() -> None:
    one = await bench()
    one.pool.script.append(silent)
    client = one.begin()
    await turns()
    says(200, ANSWER)(one.pool.peers[0])
    client.leave()
    await turns()
    assert (client.task, client.answers) == (None, 0)
    assert (one.outcome.status, one.outcome.error, one.idle) == (499, "client_disconnected", True)
    assert one.pool.open_connections == 1  # its answer was whole


async def test_requests_of_one_turn_are_not_more_than_the_gate_lets_in() -> None:
    one = await bench(limit=1, connections=2)
    one.pool.script.extend([says(200, ANSWER)] * 2)
    clients = [one.begin(), one.begin()]
    for client in clients:
        await client.ended()
    assert ([client.status for client in clients], one.pool.requests, one.idle) == ([200, 503], 1, True)


async def test_a_gate_that_closes_ends_a_passage() -> None:
    one = await bench()
    one.pool.script.append(silent)
    client = one.begin()
    await turns()
    one.gate.cut()
    await client.ended()
    assert (client.status, json.loads(client.body_sent)["error"]["code"]) == (503, "shutting_down")
    assert (one.outcome.status, one.outcome.error, one.ended.refusals) == (503, "shutting_down", [])
    assert [(attempt.status, attempt.reason) for attempt in one.outcome.attempts] == [(499, "client_disconnected")]
    assert (one.pool.peers[0].closed, one.idle) == (True, True)


async def test_a_closing_gate_is_told_the_same_by_a_passage_and_by_a_task() -> None:
    passed, general = await bench(), await bench()
    passed.pool.script.append(silent)
    general.pool.script.append(silent)
    client, task = passed.begin(), asyncio.create_task(general.general())
    await turns()
    passed.gate.cut()
    general.gate.cut()
    await client.ended()
    answer = await task
    assert (client.status, json.loads(client.body_sent)["error"]["code"]) == (answer.status, "shutting_down")
    assert told(passed.outcome) == told(general.outcome)
    assert figures(passed, "m") == figures(general, "m")
    assert passed.ended.refusals == general.ended.refusals


@pytest.mark.parametrize("line", [DOWN, packed(ANSWER), hangs_up])
async def test_a_gate_may_close_between_the_passage_and_its_task(line: Line) -> None:
    one = await bench(num_retries=1)
    one.pool.script.extend([silent, silent])
    client = one.begin()
    await turns()
    line(one.pool.peers[0])
    one.gate.cut()
    await client.ended()
    assert client.status in (200, 503)
    assert (len(one.ended.outcomes), one.idle) == (1, True)


async def test_the_gate_counts_passages() -> None:
    one = await bench(limit=1, connections=2)
    one.pool.script.extend([silent, FINE])
    first, second = one.begin(), one.begin()
    await second.ended()
    assert (second.status, json.loads(second.body_sent)["error"]["code"]) == (503, "overloaded")
    one.pool.peers[0].say(answer_of(200, ANSWER))
    one.pool.peers[1].say(answer_of(200, ANSWER))
    await first.ended()
    assert first.status == 200
    assert (await one.passed()).status == 200


@pytest.mark.parametrize("body", [STREAM, CHAT], ids=["stream", "no connection at hand"])
async def test_requests_of_one_turn_that_become_tasks_are_counted(body: bytes) -> None:
    one = Bench(limit=2)
    one.pool.script.extend([silent] * 5)
    clients = [one.begin(body) for _ in range(5)]
    await turns()
    assert (one.gate.inside, [client.status for client in clients[2:]]) == (2, [503] * 3)
    for client in clients:
        client.leave()
    await turns(10)
    assert (one.idle, len(one.ended.outcomes)) == (True, 2)


async def test_a_task_that_was_let_in_is_not_sent_away_when_it_begins() -> None:
    one = await bench(limit=1)
    one.pool.script.extend([DOWN, FINE])
    one.pool.script.appendleft(silent)
    client = one.begin()
    await turns()
    one.pool.peers[0].say(answer_of(503, b"no"))
    await client.ended()
    assert (client.status, one.idle) == (503, True)
