"""Writes of one turn of the loop go out at its end, in order, and nothing is held that should not be."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.kit.cork import MOST_BYTES, Corked, corked


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return 0


def made() -> tuple[asyncio.Transport, Transport]:
    transport = Transport()
    return corked(transport, asyncio.get_running_loop()), transport


@pytest.fixture
async def pair() -> tuple[asyncio.Transport, Transport]:
    return made()


async def test_the_writes_of_a_turn_go_out_as_one_at_its_end(pair: tuple[asyncio.Transport, Transport]) -> None:
    cork, transport = pair
    other = Transport()
    second = corked(other, asyncio.get_running_loop())
    cork.write(b"a")
    second.write(b"x")
    cork.write(b"b")
    assert (transport.written, cork.get_write_buffer_size()) == ([], 2)
    await asyncio.sleep(0)
    assert (transport.written, other.written, cork.get_write_buffer_size()) == ([b"ab"], [b"x"], 0)
    cork.write(b"c")
    await asyncio.sleep(0)
    assert transport.written == [b"ab", b"c"]


async def test_who_is_alone_in_a_turn_does_not_wait_for_its_end(pair: tuple[Corked, Transport]) -> None:
    cork, transport = pair
    seen: list[bytes] = []

    def answers() -> None:
        cork.write(b"a")
        cork.write(b"b")
        seen.extend(transport.written)

    cork.turn.answer(answers)
    await asyncio.sleep(0)
    assert (seen, transport.written) == ([b"a"], [b"a", b"b"])


@pytest.mark.parametrize("other", ["an answer", "a request", "a write"])
async def test_who_has_company_waits_for_it(pair: tuple[Corked, Transport], other: str) -> None:
    cork, transport = pair
    seen: list[bytes] = []

    def answers() -> None:
        cork.write(b"a")
        seen.extend(transport.written)

    turn = cork.turn
    company = {"an answer": turn.answer, "a request": turn.begin, "a write": lambda _: made()[0].write(b"x")}
    company[other](lambda: None)
    turn.answer(answers)
    await asyncio.sleep(0)
    assert (seen, transport.written) == ([], [b"a"])


async def test_what_has_not_left_has_no_answer_yet(pair: tuple[Corked, Transport]) -> None:
    cork, _ = pair
    cork.write(b"a")
    assert cork.holds
    await asyncio.sleep(0)
    assert not cork.holds


async def test_nothing_is_written_to_who_is_closing(pair: tuple[asyncio.Transport, Transport]) -> None:
    cork, transport = pair
    transport.closed = True
    for _ in range(3):
        cork.write(b"a")
        await asyncio.sleep(0)
    assert transport.written == []


async def test_much_does_not_wait(pair: tuple[asyncio.Transport, Transport]) -> None:
    cork, transport = pair
    cork.write(b"a")
    cork.write(b"x" * MOST_BYTES)
    cork.write(b"b")
    assert b"".join(transport.written) == b"a" + b"x" * MOST_BYTES
    await asyncio.sleep(0)
    assert transport.written[-1] == b"b"


async def test_what_was_written_goes_out_before_a_close(pair: tuple[asyncio.Transport, Transport]) -> None:
    cork, transport = pair
    cork.write(b"last words")
    cork.close()
    assert (transport.written, transport.closed) == ([b"last words"], True)
    cork.write(b"too late")
    await asyncio.sleep(0)
    assert transport.written == [b"last words"]


async def test_everything_else_is_the_transports(pair: tuple[asyncio.Transport, Transport]) -> None:
    cork, _ = pair
    assert isinstance(cork, Corked)
    assert not cork.is_closing()
