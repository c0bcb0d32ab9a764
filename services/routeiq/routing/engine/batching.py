"""One encoder, one thread, many callers. Prompts wait in a bounded queue ordered by deadline; like lengths run
together; equal prompts are encoded once, and their vectors kept; who would be late is told so at once.

A batch grows only while every prompt in it stays in time. A prompt that nobody waits for any more is not encoded."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from routeiq.kit.errors import RouteIQError
from routeiq.kit.lru import LRU
from routeiq.routing.engine.cost_model import CostModel, EncodeTiming, padded
from routeiq.routing.engine.decision import Fallback
from routeiq.routing.engine.metrics import EngineMetrics

FloatArray = NDArray[np.float32]
Key = tuple[str, bytes]

MAX_BATCH_TOKENS = 1024
_LIKE_LENGTH = 1.5  # the longest of a batch is at most this many times the shortest


class Encodes(Protocol):
    """The part of an encoder that runs here."""

    sha256: str

    def encode(self, batch: Sequence[Sequence[int]]) -> FloatArray: ...


class Shed(Exception):
    """The prompt is not taken, `fallback` says why. Not a failure: the cheap policy answers."""

    def __init__(self, fallback: Fallback) -> None:
        super().__init__(fallback)
        self.fallback = fallback


class EncodeFailed(RouteIQError):
    """The encoder raised. Fails the calls that waited for this run, and no others."""

    code = "encode_failed"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt's unit vector, shape (d,), and what it took."""

    vector: FloatArray
    tokens: int
    queue_s: float
    encode_s: float


@dataclass(slots=True, eq=False)
class _Pending:
    key: Key
    ids: Sequence[int]
    encoder: Encodes
    deadline: float
    enqueued_at: float
    done: asyncio.Future[Encoded]
    waiters: int = 0


@dataclass(slots=True)
class _Running:
    keys: dict[Key, _Pending] = field(default_factory=dict)
    ends_at: float = 0.0


class Batcher:
    """Call `run` in one owned task; `encode` from any number of others on the same loop."""

    def __init__(self, *, batch_size: int, queue_limit: int, cache_size: int, metrics: EngineMetrics) -> None:
        self._batch_size, self._queue_limit, self._metrics = batch_size, queue_limit, metrics
        self._done: LRU[Key, Encoded] = LRU(cache_size)
        self._waiting: dict[Key, _Pending] = {}
        self._running = _Running()
        self._wake = asyncio.Event()
        self.cost = CostModel(EncodeTiming(0.002, 0.0002))

    @property
    def queue_length(self) -> int:
        return len(self._waiting)

    def cached(self, key: Key) -> Encoded | None:
        """What an earlier run gave for `key`, if it is still kept."""
        return self._done.get(key)

    async def encode(self, key: Key, ids: Sequence[int], encoder: Encodes, deadline: float | None) -> Encoded:
        """The vector of token ids `ids`, kept for the next who asks.

        Args: key: equal keys share one run.  deadline: when the vector must be there, on the loop's clock.
        Raises: Shed: the queue is full, or it would come too late.  EncodeFailed."""
        if (done := self._done.get(key)) is not None:
            return done
        limit = math.inf if deadline is None else deadline
        pending = self._waiting.get(key) or self._running.keys.get(key)
        if pending is None:
            pending = self._enqueue(key, ids, encoder, limit)
        pending.deadline = min(pending.deadline, limit)
        pending.waiters += 1
        try:
            await asyncio.wait([pending.done])  # unlike awaiting it, this survives that another waiter is cancelled
        finally:
            pending.waiters -= 1
            if not pending.waiters and self._waiting.get(key) is pending:
                del self._waiting[key]
                self._metrics.queue.set(len(self._waiting))
        return pending.done.result()

    async def run(self, thread: Executor) -> None:
        """Encode for ever, on `thread`. Ends when cancelled; whoever still waits then fails with EncodeFailed."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while batch := self._take():
                    await self._run(batch, thread)
        finally:
            _fail(list(self._waiting.values()), "the service stops")

    def _enqueue(self, key: Key, ids: Sequence[int], encoder: Encodes, limit: float) -> _Pending:
        if len(self._waiting) >= self._queue_limit:
            raise Shed(Fallback.OVERLOADED)
        loop = asyncio.get_running_loop()
        if self._finish_at(len(ids), limit, loop.time()) > limit:
            raise Shed(Fallback.DEADLINE)
        pending = _Pending(key, ids, encoder, limit, loop.time(), loop.create_future())
        self._waiting[key] = pending
        self._metrics.queue.set(len(self._waiting))
        self._wake.set()
        return pending

    def _finish_at(self, tokens: int, limit: float, now: float) -> float:
        """When a new prompt would be done: behind others at the present speed, alone in hope. A slow spell must
        not shut the door for good, and only a measurement reopens it."""
        ahead = [one for one in self._waiting.values() if one.deadline <= limit]
        if not ahead and not self._running.keys:
            return now + self.cost.hope(tokens)
        free_at = max(self._running.ends_at, now) if self._running.keys else now
        return free_at + sum(self.cost.expect(len(one.ids)) for one in ahead) + self.cost.expect(tokens)

    def _take(self) -> list[_Pending]:
        """The next batch: the most urgent prompt and whoever fits it. Empty if none waits."""
        if not self._waiting:
            return []
        first = min(self._waiting.values(), key=lambda one: one.deadline)
        batch = [first]
        for other in self._companions(first):
            if len(batch) == self._batch_size or not self._fits([*batch, other]):
                break
            batch.append(other)
        for one in batch:
            del self._waiting[one.key]
        self._metrics.queue.set(len(self._waiting))
        return batch

    def _companions(self, first: _Pending) -> list[_Pending]:
        others = [one for one in self._waiting.values() if one is not first and one.encoder is first.encoder]
        return sorted(others, key=lambda one: abs(len(one.ids) - len(first.ids)))

    def _fits(self, batch: Sequence[_Pending]) -> bool:
        lengths = [len(one.ids) for one in batch]
        tokens = padded(lengths)
        alike = max(lengths) <= _LIKE_LENGTH * min(lengths) and tokens <= MAX_BATCH_TOKENS
        done_at = asyncio.get_running_loop().time() + self.cost.expect(tokens)
        return alike and done_at <= min(one.deadline for one in batch)

    async def _run(self, batch: Sequence[_Pending], thread: Executor) -> None:
        loop = asyncio.get_running_loop()
        tokens = padded([len(one.ids) for one in batch])
        started = loop.time()
        self._running = _Running({one.key: one for one in batch}, started + self.cost.expect(tokens))
        try:
            vectors, seconds = await loop.run_in_executor(thread, _encode, batch)
        except Exception as error:  # noqa: BLE001  # the edge of the encoder: its callers get a narrow error
            _fail(batch, f"{type(error).__name__}: {error}")
            return
        except asyncio.CancelledError:
            _fail(batch, "the service stops")
            raise
        finally:
            self._running.keys = {}
        self._learn(batch, tokens, seconds)
        for one, vector in vectors:
            encoded = Encoded(vector, len(one.ids), started - one.enqueued_at, seconds)
            self._done.put(one.key, encoded)  # before any waiter runs, and also if none is left
            one.done.set_result(encoded)

    def _learn(self, batch: Sequence[_Pending], tokens: int, seconds: float) -> None:
        self.cost.observe(tokens, seconds)
        self._metrics.encode.observe(seconds)
        self._metrics.batch.observe(len(batch))


def _encode(batch: Sequence[_Pending]) -> tuple[list[tuple[_Pending, FloatArray]], float]:
    """Each prompt with its own copy of its vector, which is kept for long, and the seconds that it took."""
    started = time.perf_counter()
    vectors = batch[0].encoder.encode([one.ids for one in batch])
    return list(zip(batch, map(np.copy, vectors), strict=True)), time.perf_counter() - started


def _fail(batch: Sequence[_Pending], why: str) -> None:
    for one in batch:
        one.done.set_exception(EncodeFailed(f"the prompt was not encoded: {why}"))
        one.done.exception()  # marks it as seen, in case that nobody waits any more
