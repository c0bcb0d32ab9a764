"""From a raw key to its caller: the entries of this process, then those in Redis, then control.

A key that was used in the last minute costs a hash and a look-up. It is kept under a hash with a secret of this
process, so that nothing here can be turned into a key, and no stranger can choose where its own comes to lie. Fails
closed: nobody is let in whom neither control nor a kept answer of its own knows."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Protocol

from routeiq.gateway.callers.answer import Refused, caller_of, labels_changed, labels_of
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.callers.lookup import Lookup, Said, Timing
from routeiq.gateway.callers.refusals import ExpiredKey, KeyUnverified, UnknownKey
from routeiq.gateway.callers.second_level import KeptAnswer, SecondLevel
from routeiq.kit.errors import Unavailable

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

CAPACITY = 10_000
KEY_PREFIX = b"sk-"
LONGEST_KEY = 512
LEAST_S = 1.0
"""So long an answer is good by whose budget a period is over: control's clock may be behind."""


class Resolves(Protocol):
    """The part of `ControlClient` that runs here."""

    @property
    def away(self) -> bool: ...

    async def resolve(
        self, *, key_hash: str = "", customer: tuple[str, str] | None = None, request_id: str = ""
    ) -> pb.ResolveResponse: ...


class Callers:
    """For one event loop. `close` it. Args: clock: seconds.  now: Unix time, for the ends of keys."""

    def __init__(
        self,
        control: Resolves,
        *,
        second: SecondLevel | None = None,
        timing: Timing | None = None,
        capacity: int = CAPACITY,
        count: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._control, self._second, self._clock, self._now = control, second, clock, now
        self._ttl_s = (timing or Timing()).ttl_s
        self._doubted_at = -inf
        self._lookup: Lookup[str, Caller | Refused] = Lookup(
            self._ask,
            timing=timing or Timing(),
            capacity=capacity,
            away=lambda: control.away,
            count=count,
            clock=clock,
        )
        self._entries = self._lookup.entries

    def start(self) -> None:
        """In the running loop, before the first request: what takes a while to load is loaded beside."""
        if self._second is not None:
            self._second.start()

    def at_once(self, mark: bytes) -> Caller | None:
        """None: it takes `get`. Raises: AuthenticationError.  Args: mark: the key's hash here."""
        entry = self._entries.get(mark)
        if entry is not None and self._clock() < entry.due:
            self._entries.move_to_end(mark)
            return entry.value  # type: ignore[return-value]  # what is refused is always due
        found = self._lookup.at_once(mark)
        return None if found is None else self._checked(found)

    async def get(self, mark: bytes, key: bytes) -> Caller:
        """Raises: AuthenticationError.  KeyUnverified."""
        if not key.startswith(KEY_PREFIX) or len(key) > LONGEST_KEY:
            raise UnknownKey  # no such key is ever made, so nobody needs to be asked
        try:
            return self._checked(await self._lookup.get(mark, hashlib.sha256(key).hexdigest()))
        except Unavailable as error:
            raise KeyUnverified(error.retry_after_s) from None

    def forget(self, changed: pb.Changed) -> None:
        """Drop what a change touched, here and in Redis."""
        labels = labels_changed(changed)
        self._lookup.forget(labels)
        if self._second is not None:
            self._second.forget(labels)

    def doubt(self) -> None:
        """Changes may have been missed, here and by whoever wrote to Redis: control is to say it all again, soon."""
        self._doubted_at = self._clock()
        self._lookup.doubt()

    async def close(self) -> None:
        await self._lookup.close()
        if self._second is not None:
            await self._second.close()

    def _checked(self, found: Caller | Refused) -> Caller:
        if isinstance(found, Refused):
            raise found.error()
        now = self._now()
        if now >= found.expires_at:
            raise ExpiredKey(found.expires_at, now)
        return found

    async def _ask(self, key_id: str, *, again: bool) -> Said[Caller | Refused]:
        asked_at = self._clock()
        kept = None if again or self._second is None else await self._second.get(key_id)
        if kept is not None and kept.age_s < min(self._ttl_s, asked_at - self._doubted_at):
            said = self._said(key_id, _read(kept), kept.age_s)
            if said.good_s > LEAST_S:
                return said
        try:
            answer = await self._control.resolve(key_hash=key_id)
        except Unavailable:
            if kept is None:
                raise
            return self._said(key_id, _read(kept), max(kept.age_s, self._ttl_s))
        said = self._said(key_id, answer, 0.0)
        return said._replace(kept=lambda: self._keep(key_id, said, answer, asked_at))

    def _keep(self, key_id: str, said: Said[Caller | Refused], answer: pb.ResolveResponse, asked_at: float) -> None:
        if self._second is not None and said.exists:
            self._second.put(key_id, said.labels, answer.SerializeToString(), self._clock() - asked_at)
        elif self._second is not None:
            self._second.forget(said.labels)

    def _said(self, key_id: str, answer: pb.ResolveResponse, age_s: float) -> Said[Caller | Refused]:
        found = caller_of(answer)
        said = Said(found, labels_of(key_id, answer), answer.HasField("key"), age_s)
        if isinstance(found, Refused):
            return said._replace(valid_s=-inf)
        now = self._now()
        return said._replace(
            valid_s=max(found.expires_at - now, 0.0) or -inf, good_s=max(found.resets_at - now, LEAST_S)
        )


def _read(kept: KeptAnswer) -> pb.ResolveResponse:
    from routeiq.api.control.v1 import control_pb2 as pb  # noqa: PLC0415  # for who has virtual keys

    return pb.ResolveResponse.FromString(kept.content)
