"""Whatever happens in whichever order: one outcome, one answer for who waits for it, and nothing left running."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.passing import Peer, TwinExchange, answer_of, silent, turns
from tests.support.prompt_gateway import CHAT, URL, Bench, member
from tests.support.twins import ANSWER

WHOLE, DOWN = answer_of(200, ANSWER), answer_of(503, b"no")
LONG = answer_of(200, b'{"x":"%b"}' % (b"a" * 600_000))
EVENTS: dict[str, bytes | Callable[[Peer], None] | None] = {
    "answer": WHOLE,
    "half": WHOLE[:-20],
    "the other half": WHOLE[-20:],
    "down": DOWN,
    "not json": answer_of(200, b"<html>"),
    "long": LONG[:400_000],
    "rest": LONG[400_000:],
    "no http": b"EHLO\r\n\r\n",
    "hang up": lambda peer: peer.hang_up(),
    "reset": lambda peer: peer.hang_up(ConnectionResetError()),
    "fails": None,
    "leave": None,
    "cut": None,
    "turn": None,
    "turns": None,
}


def happen(one: Bench, client: TwinExchange, event: str) -> None:
    """One event, at the upstream that was called last where it is an upstream's."""
    what = EVENTS[event]
    peer = next((one for one in reversed(one.pool.peers) if one.got and not one.closed), None)
    if event == "leave":
        client.leave()
    elif event == "cut" and not one.gate.closed:
        one.gate.cut()
    elif event == "fails":
        client.fails = True
    elif peer is not None and what is not None:
        peer.say(what) if isinstance(what, bytes) else what(peer)


async def check_that_it_ends_well(events: Sequence[str], retries: int) -> None:
    members = (
        member("a"),
        member("b"),
        member("c", "other"),
        member("d", "other"),
    )  # nobody is called twice, after a pause
    one = Bench(*members, num_retries=retries, fallbacks={"m": ("other",)}, timeout_s=30.0)
    one.turn()
    await one.pool.warm(URL)
    one.pool.script.extend([silent] * 20)
    client = one.begin(CHAT)
    await turns(3)
    for event in events:
        if event in ("turn", "turns"):
            await turns(1 if event == "turn" else 6)
        else:
            happen(one, client, event)
    for _ in range(10):  # whoever is still asked answers at last
        await turns(6)
        if not one.idle:
            happen(one, client, "answer")
            happen(one, client, "hang up")
    await turns(6)
    assert one.idle
    assert client.task is None or client.task.done()
    assert len(one.ended.outcomes) == 1
    assert client.answers or client.left or "fails" in events
    check(one, client)
    await one.pool.close()


def check(one: Bench, client: TwinExchange) -> None:
    outcome = one.outcome
    if client.answers and outcome.error != "internal_error":
        assert outcome.status == client.status
    if client.status == 200:
        assert client.body_sent in (ANSWER, LONG.partition(b"\r\n\r\n")[2])
    assert len(outcome.attempts) == sum(one.live(name).requests for name in "abcd")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=8), st.integers(0, 1))
@example(["half", "leave"], 0)
@example(["cut", "leave"], 0)
@example(["down", "leave"], 1)
@example(["down", "cut", "turns"], 1)
@example(["hang up", "turns", "cut"], 0)
@example(["long", "leave"], 0)
@example(["long", "turns", "leave"], 0)
@example(["fails", "answer"], 0)
@example(["fails", "answer", "leave"], 0)
def test_any_order_ends_well(events: list[str], retries: int) -> None:
    asyncio.run(check_that_it_ends_well(events, retries))
