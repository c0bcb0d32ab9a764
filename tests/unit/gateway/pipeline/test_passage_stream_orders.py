"""Whatever happens to a stream in whichever order: the same with a task and without one, and nothing left running."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.passing import Peer, TwinExchange, silent, turns
from tests.support.prompt_gateway import URL, Bench, Waiting, figures, member, shown, told
from tests.support.streams import HEAD, LAST, STREAM, chunk
from tests.support.twins import FRAMES

NAMES = ("gpt", "b", "c", "d")
REFUSAL = b'data: {"error":{"message":"no","code":429}}\n\n'
EVENTS: dict[str, bytes | Callable[[Peer], None] | None] = {
    "head": HEAD,
    "begun": HEAD + chunk(FRAMES[0]),
    "whole": HEAD + b"".join(map(chunk, FRAMES)) + LAST,
    "frame": chunk(FRAMES[0]),
    "named": chunk(b'data: {"model":"gpt","choices":[1]}\n\n'),
    "half a frame": chunk(FRAMES[0][:9]),
    "its other half": chunk(FRAMES[0][9:]),
    "half a chunk": chunk(FRAMES[0])[:12],
    "its rest": chunk(FRAMES[0])[12:],
    "usage": chunk(FRAMES[1]),
    "done": chunk(FRAMES[2]) + LAST,
    "end": LAST,
    "error": chunk(REFUSAL),
    "down": b"HTTP/1.1 503 X\r\ncontent-length: 2\r\n\r\nno",
    "no http": b"EHLO\r\n\r\n",
    "hang up": lambda peer: peer.hang_up(),
    "reset": lambda peer: peer.hang_up(ConnectionResetError()),
    "leave": None,
    "cut": None,
    "slow": None,
    "drained": None,
}


def happen(one: Bench, client: TwinExchange, event: str) -> None:
    """One event, at the upstream that was called last where it is an upstream's."""
    what = EVENTS[event]
    peer = next((one for one in reversed(one.pool.peers) if one.got and not one.closed), None)
    if event == "leave":
        client.leave()
    elif event == "slow" and client.parts:  # before, a task reads on for a moment
        client.slow = True
    elif event == "drained":
        client.drained()
    elif event == "cut" and not one.gate.closed:
        one.gate.cut()
    elif peer is not None and not peer.paused and what is not None:
        peer.say(what) if isinstance(what, bytes) else what(peer)


async def lived_through(events: Sequence[str], retries: int, provider: type | None) -> list[object]:
    """What came of it, which the other way must agree with."""
    members = member("gpt", order=1), member("b", order=2), member("c", "other", order=1), member("d", "other", order=2)
    chosen = {} if provider is None else {"provider": provider}
    one = Bench(*members, num_retries=retries, fallbacks={"m": ("other",)}, timeout_s=30.0, **chosen)  # type: ignore[arg-type]
    one.turn()
    await one.pool.warm(URL)
    one.pool.script.extend([silent] * 20)
    client = one.begin(STREAM)
    await turns(12)
    for event in events:
        happen(one, client, event)
        await turns(12)  # nobody has to be quick
    for event in ("drained", "whole", "hang up") * 6:  # whoever is still asked answers at last
        if not one.idle:
            happen(one, client, event)
            await turns(12)
    assert one.idle
    assert client.task is None or client.task.done()
    assert provider is not None or client.left or client.answers
    opened = one.pool.open_connections
    await one.pool.close()
    return [
        client.status, client.body_sent, shown(client.headers), told(one.outcome), figures(one, *NAMES),
        one.ended.refusals, one.pool.requests, opened,
    ]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=9), st.integers(0, 1))
@example(["begun", "slow", "frame", "cut", "drained"], 0)
@example(["begun", "slow", "frame", "leave", "drained"], 0)
@example(["begun", "slow", "done", "leave"], 0)
@example(["begun", "slow", "frame", "hang up", "drained"], 0)
@example(["head", "down"], 1)
@example(["head", "hang up", "begun", "cut"], 1)
@example(["begun", "half a frame", "half a chunk", "hang up"], 0)
def test_any_order_comes_to_the_same(events: list[str], retries: int) -> None:
    passed = asyncio.run(lived_through(events, retries, None))
    assert passed == asyncio.run(lived_through(events, retries, Waiting))
