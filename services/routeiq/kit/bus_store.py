"""Read and write one JetStream stream, which is made where it lacks: under `kit.bus_keys` and `kit.bus_objects`.

nats-py has both, too. But its buckets take a key that lapsed for one that is there, its watches find out about a stream
that was lost after ten seconds and then begin at its first message, and its objects are put together by copying what
there is once for each piece. So this speaks JetStream itself. What it stores is laid out as NATS says (ADR-8, ADR-20),
so that the `nats` command reads it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from routeiq.kit.bus import Bus, BusUnavailable
from routeiq.kit.cancellation import heeding

if TYPE_CHECKING:
    from nats.js.api import RawStreamMsg, StreamConfig
    from nats.js.client import JetStreamContext

CALL_S = 3.0
"""How long the server is waited for, each time."""
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
MESSAGE_LOST, NAME_IN_USE, STREAM_LOST = 10037, 10058, 10059
WRONG_SEQUENCE = (10071, 10164)
"""Codes of JetStream's errors. Source: nats-server, server/errors.json."""
MARKER_S = 60.0
"""How long a mark stays that a subject's last message lapsed."""
LONGEST_WINDOW_S = 120.0

Storage = Literal["file", "memory"]
T = TypeVar("T")


class Stored(NamedTuple):
    """A message of the stream."""

    subject: str
    sequence: int
    headers: Mapping[str, str]
    data: bytes
    at: float = 0.0
    """When the server took it, Unix seconds; 0 where that was not said."""


class WrongSequence(Exception):
    """The subject's last message is not the one that was expected."""


class Store:
    """One stream. Args: subjects: what it keeps.  newest: how many messages of each subject it keeps; -1: all.
    max_age_s: how long it keeps one, 0: for ever; that a subject's last one lapsed is a message of its own.

    Every call raises BusUnavailable where there is no connection, or no answer within `CALL_S`. The sequence numbers of
    a stream that was lost and made again go on above the former ones, so that nobody takes one for the other."""

    def __init__(
        self, bus: Bus, name: str, subjects: Sequence[str], *, newest: int = -1, max_age_s: float = 0,
        storage: Storage = "file",
    ) -> None:  # fmt: skip
        self.name, self._bus, self._subjects = name, bus, list(subjects)
        self._newest, self._max_age_s, self._storage = newest, max_age_s, storage

    async def publish(self, subject: str, data: bytes, headers: dict[str, str] | None = None) -> int:
        """Returns: its sequence number. Raises: WrongSequence: `headers` have an `EXPECTED` that it is not."""

        async def call(context: JetStreamContext) -> int:
            return (await context.publish(subject, data, headers=headers)).seq

        return await self.call(call)

    async def last(self, subject: str) -> Stored | None:
        """The subject's last message, from the server that takes the writes."""

        async def call(context: JetStreamContext) -> Stored:
            return _stored(await context.get_msg(self.name, subject=subject))

        return await self._if_there(call)

    async def following(self, subject: str, sequence: int) -> Stored | None:
        """The subject's first message from `sequence` on, by the way that is good for much: in a cluster any server
        that has the stream may answer, and one may be a little behind. Where its operator has closed that way, as
        `last`."""
        from nats.errors import NoRespondersError  # noqa: PLC0415  # for who has a bus, which has loaded it

        async def call(context: JetStreamContext) -> Stored:
            try:
                return _stored(await context.get_msg(self.name, seq=sequence, subject=subject, direct=True, next=True))
            except NoRespondersError:
                return _stored(await context.get_msg(self.name, seq=sequence, subject=subject, next=True))

        return await self._if_there(call)

    async def counts(self, subjects: str) -> Mapping[str, int]:
        """How many messages each subject has. Args: subjects: may have wildcards."""

        async def call(context: JetStreamContext) -> Mapping[str, int]:
            return (await context.stream_info(self.name, subjects_filter=subjects)).state.subjects or {}

        return await self.call(call)

    async def purge(self, subject: str) -> None:
        """Forget all of its messages."""

        async def call(context: JetStreamContext) -> bool:
            return await context.purge_stream(self.name, subject=subject)

        await self.call(call)

    async def call(self, call: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        """What `call` returns. Where there is no stream it is made, and `call` called again."""
        return await heeding(self._call(call))

    async def _call(self, call: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        client = self._bus.client
        if client is None:
            raise BusUnavailable("there is no connection to NATS")
        from nats.errors import Error, NoRespondersError  # noqa: PLC0415  # for who has a bus, which has loaded it
        from nats.js.errors import APIError, NoStreamResponseError  # noqa: PLC0415  # as above

        context = client.jetstream(timeout=CALL_S)
        try:
            try:
                return await call(context)
            except (APIError, NoStreamResponseError, NoRespondersError) as error:
                if getattr(error, "err_code", STREAM_LOST) != STREAM_LOST:
                    raise
            await self._make(context)
            return await call(context)
        except (Error, OSError) as error:
            if getattr(error, "err_code", None) in WRONG_SEQUENCE:
                raise WrongSequence from None
            said = getattr(error, "description", None) or type(error).__name__
            raise BusUnavailable(f"NATS did not do it ({said})") from error

    async def _if_there(self, call: Callable[[JetStreamContext], Awaitable[Stored]]) -> Stored | None:
        async def unless_lost(context: JetStreamContext) -> Stored | None:
            from nats.js.errors import NotFoundError  # noqa: PLC0415  # as above

            try:
                return await call(context)
            except NotFoundError as error:
                if error.err_code == STREAM_LOST:
                    raise
                return None

        return await self.call(unless_lost)

    async def _make(self, context: JetStreamContext) -> None:
        """One that is there is left as it is: its operator may have given it replicas, or other bounds."""
        from nats.js.errors import APIError  # noqa: PLC0415  # as above

        try:
            await context.add_stream(self._config())
        except APIError as error:
            if error.err_code != NAME_IN_USE:
                raise

    def _config(self) -> StreamConfig:
        from nats.js.api import DiscardPolicy, StorageType, StreamConfig  # noqa: PLC0415  # as above

        return StreamConfig(
            name=self.name, subjects=self._subjects, max_msgs_per_subject=self._newest, max_age=self._max_age_s,
            storage=StorageType(self._storage), discard=DiscardPolicy.NEW, allow_rollup_hdrs=True, allow_direct=True,
            duplicate_window=min(self._max_age_s or LONGEST_WINDOW_S, LONGEST_WINDOW_S),
            first_seq=time.time_ns() // 1_000_000,
            allow_msg_ttl=True if self._max_age_s else None,
            subject_delete_marker_ttl=MARKER_S if self._max_age_s else None,
        )  # fmt: skip


def _stored(found: RawStreamMsg) -> Stored:
    at = found.time.timestamp() if found.time else 0.0
    return Stored(found.subject or "", found.seq or 0, found.headers or {}, found.data or b"", at)
