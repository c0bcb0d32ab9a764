"""Answers of control's, kept beside this process: shared by gateways, and there when one starts while control is away.

They are sealed, bound to the key that they are for, and live as long as they may serve without control. Names in Redis
are hashes. Writes happen beside, in order, so that no answer is written after the change that overtook it; deletions
that could not be made wait for Redis to come back. It fails open: without Redis control is asked more often."""

from __future__ import annotations

import asyncio
import hashlib
import math
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from routeiq.kit.redis import LOOK_EVERY_S, Redis, RedisAway, RedisRefused

if TYPE_CHECKING:
    from redis.asyncio import Redis as Client

log = structlog.get_logger()

PURPOSE = "callers"
PREFIX = "routeiq:callers:v1:"
MOST_WAITING = 10_000
_age = struct.Struct("<d")


class Seals(Protocol):
    """`kit.crypto.Sealer`, for this purpose."""

    def seal(self, content: bytes, context: str) -> str: ...

    def open(self, sealed: str, context: str) -> bytes: ...


class KeptAnswer(NamedTuple):
    """`content`: the message as control sent it."""

    content: bytes
    age_s: float


class SecondLevel:
    """Of one Redis. Make it anywhere; `close` it. `clock` gives Unix time, by which gateways agree on ages."""

    def __init__(self, redis: Redis, seals: Seals, stale_s: float, clock: Callable[[], float] = time.time) -> None:
        self._redis, self._seals, self._stale_s, self._clock = redis, seals, stale_s, clock
        self._waiting: deque[tuple[Callable[[], Awaitable[None]], bool]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._to_forget = 0

    def start(self) -> None:
        self._redis.start()

    async def get(self, key_id: str) -> KeptAnswer | None:
        """Never raises. None too while something is still to be forgotten: it might be just that."""
        if self._to_forget:
            return None
        name = _name("k", key_id)
        try:
            found = await self._redis.run(lambda client: client.get(name))
        except RedisAway:
            return None
        return self._opened(found, key_id) if isinstance(found, bytes) else None

    def put(self, key_id: str, labels: Collection[str], content: bytes, age_s: float) -> None:
        """Beside. A write that finds no Redis is left out."""
        sealed = self._seals.seal(_age.pack(self._clock() - age_s) + content, key_id)
        if len(self._waiting) < MOST_WAITING:
            self._later(lambda: self._write(key_id, labels, sealed))

    def forget(self, labels: Collection[str]) -> None:
        """Beside, as soon as there is a Redis."""
        if labels:
            self._to_forget += 1
            self._later(lambda: self._delete(labels), forgets=True)

    async def written(self) -> None:
        """Once all of that has been tried."""
        while self._writer is not None and not self._redis.away:
            await asyncio.wait([self._writer], timeout=0.05)

    async def close(self) -> None:
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=LOOK_EVERY_S)
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        await self._redis.close()

    def _opened(self, sealed: bytes, key_id: str) -> KeptAnswer | None:
        """None for what this gateway did not seal for this key, or cannot any more: control will say it again."""
        try:
            raw = self._seals.open(sealed.decode("ascii", "replace"), key_id)
            (said_at,) = _age.unpack_from(raw)
        except Exception as error:  # noqa: BLE001  # it comes from outside: whatever is wrong with it, it is no answer
            log.warning("callers.unreadable", error=type(error).__name__)
            return None
        age_s = max(self._clock() - said_at, 0.0)
        return KeptAnswer(raw[_age.size :], age_s) if math.isfinite(age_s) and age_s < self._stale_s else None

    def _later(self, work: Callable[[], Awaitable[None]], *, forgets: bool = False) -> None:
        self._waiting.append((work, forgets))
        if self._writer is None:
            self._writer = asyncio.create_task(self._work(), name="callers-second-level")

    async def _work(self) -> None:
        while self._waiting:
            work, forgets = self._waiting[0]
            try:
                await work()
            except RedisRefused:
                log.warning("callers.not_forgotten", reason="Redis refused; what it has ends by its time")
            except RedisAway:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            except Exception:  # the edge of the task: the next may do better
                log.exception("callers.write_failed")
            self._waiting.popleft()
            self._to_forget -= forgets
        self._writer = None

    async def _write(self, key_id: str, labels: Collection[str], sealed: str) -> None:
        lives_s, entry = math.ceil(self._stale_s), _name("k", key_id)

        async def write(client: Client) -> None:
            pipeline = client.pipeline(transaction=False)
            pipeline.set(entry, sealed, ex=lives_s)
            for label in labels:
                pipeline.sadd(_name("l", label), entry)
                pipeline.expire(_name("l", label), lives_s)
            await pipeline.execute()

        try:
            await self._redis.run(write)
        except RedisAway:
            return

    async def _delete(self, labels: Collection[str]) -> None:
        """Raises: RedisAway."""
        names = [_name("l", label) for label in labels]

        async def delete(client: Client) -> None:
            pipeline = client.pipeline(transaction=False)
            for name in names:
                pipeline.smembers(name)
            entries = set().union(*await pipeline.execute())
            await client.unlink(*entries, *names)

        await self._redis.run(delete)


def _name(kind: str, what: str) -> str:
    return f"{PREFIX}{kind}:{hashlib.blake2b(what.encode(), digest_size=16).hexdigest()}"
