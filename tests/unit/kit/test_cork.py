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
    """In a loop that is busy: several wrote in its last turn."""
    await busy()
    return made()


async def busy() -> None:
    for _ in range(2):
        made()[0].write(b"x")
    await asyncio.sleep(0)


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


@pytest.fixture
def reading(pair: tuple[Corked, Transport]) -> None:
    """What is written is written while something is read."""
    pair[0].cork.reading = True


@pytest.mark.usefixtures("reading")
async def test_who_was_alone_does_not_wait(pair: tuple[asyncio.Transport, Transport]) -> None:
    cork, transport = pair
    cork.write(b"a")
    assert transport.written == []
    await asyncio.sleep(0)
    for turn in (b"b", b"c"):
        cork.write(turn)
        assert (transport.written[-1], cork.get_write_buffer_size()) == (turn, 0)
        await asyncio.sleep(0)
    assert transport.written == [b"a", b"b", b"c"]


async def test_who_is_not_called_by_a_read_waits(pair: tuple[asyncio.Transport, Transport]) -> None:
    await asyncio.sleep(0)
    cork, transport = pair
    cork.write(b"a")
    assert transport.written == []
    await asyncio.sleep(0)
    assert transport.written == [b"a"]


async def test_what_left_in_this_turn_has_no_answer_yet(pair: tuple[Corked, Transport]) -> None:
    await asyncio.sleep(0)
    cork, _ = pair
    for cork.cork.reading in (False, True):
        cork.write(b"a")
        assert cork.holds
        await asyncio.sleep(0)
        assert not cork.holds


@pytest.mark.usefixtures("reading")
async def test_only_the_first_write_of_a_turn_goes_out_at_once(pair: tuple[asyncio.Transport, Transport]) -> None:
    (cork, transport), (second, other) = pair, made()
    cork.write(b"a")
    await asyncio.sleep(0)
    for write in cork.write, second.write, cork.write:
        write(b"b")
    assert (transport.written, other.written) == ([b"a", b"b"], [])
    await asyncio.sleep(0)
    assert (transport.written, other.written) == ([b"a", b"b", b"b"], [b"b"])
    cork.write(b"c")  # it was not alone
    assert transport.written[-1] == b"b"
    await asyncio.sleep(0)
    assert transport.written[-1] == b"c"


async def test_nothing_is_written_to_who_is_closing(pair: tuple[asyncio.Transport, Transport]) -> None:
    await asyncio.sleep(0)
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
