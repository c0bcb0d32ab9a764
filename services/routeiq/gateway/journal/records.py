"""What the journal writes down of a request, and how: three parts in MessagePack, each encoded once.

The head and who is called stand in the slot while the request runs; with the tail they are the record."""

from __future__ import annotations

from typing import Final

import msgspec


class Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is known before an upstream is called. Times are microseconds since 1970."""

    id: str
    request_id: str
    started_at: int
    endpoint: str
    requested_model: str
    stream: bool
    input_tokens: int
    """An estimate, for answers that do not say it."""
    state_version: str
    key_hash: str = ""
    user_id: str = ""
    team_id: str = ""
    customer_id: str = ""
    service: str = ""
    task_type: str = ""
    tags: tuple[str, ...] = ()
    decision_id: str = ""
    strategy: str = ""
    reason: str = ""
    confidence: float | None = None
    artifact_id: str = ""
    fallback: str = ""
    decided_before: bool = False


class Called(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Who is called. `terms`: what it is priced by, for who bills a request that this process did not see end."""

    model: str = ""
    deployment_id: str = ""
    provider: str = ""
    provider_model: str = ""
    terms: bytes = b""


class Counts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Tokens: all input, all output, and which of them were of a kind."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    audio_input: int = 0
    reasoning: int = 0
    audio_output: int = 0


class Tail(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What became of it. `cost_nano_usd`: None: nobody knows the price. `fallback`: where it is not the head's."""

    ended_at: int
    status: int
    error: str = ""
    attempts: int = 0
    bytes: int = 0
    counts: Counts = Counts()
    metered: bool = False
    cost_nano_usd: int | None = 0
    cached: bool = False
    fallback: str = ""
    first_data_us: int = 0


Seven = tuple[int, int, int, int, int, int, int]
"""In the order of `Counts`."""
TailValues = tuple[int, int, str, int, int, Seven, bool, int | None, bool, str, int]
"""In the order of `Tail`, and encoded the same: for who makes one and forgets it."""


class Begun(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a slot holds."""

    head: Head
    called: Called


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a segment holds."""

    head: Head
    called: Called
    tail: Tail


class Orphan(msgspec.Struct, frozen=True):
    """A request that was in flight when its process died."""

    begun: Begun
    calls: int
    bytes: int
    events: int
    reported: int
    counts: Counts
    cost_nano_usd: int | None
    """Of what was reported, if that is all."""


class NotARecord(ValueError):
    """It is not encoded as `Record` is now."""


class _OnlyHead(msgspec.Struct, array_like=True):
    id: str


class _OnlyId(msgspec.Struct, array_like=True):
    head: _OnlyHead


encode: Final = msgspec.msgpack.Encoder().encode
read_begun = msgspec.msgpack.Decoder(Begun).decode
read_called = msgspec.msgpack.Decoder(Called).decode
read_record = msgspec.msgpack.Decoder(Record).decode
read_tail: Final = msgspec.msgpack.Decoder(Tail).decode
_tail_values: msgspec.msgpack.Decoder[TailValues] = msgspec.msgpack.Decoder(TailValues)
read_tail_values: Final = _tail_values.decode
"""Of this release alone: others may know fewer or more."""
_id = msgspec.msgpack.Decoder(_OnlyId).decode
PAIR: Final = b"\x92"
TRIPLE: Final = b"\x93"
"""How MessagePack begins an array of two, and of three: parts that were encoded alone become one value."""


def id_of(record: bytes) -> str:
    """Without reading the rest. Raises: msgspec.DecodeError."""
    return _id(record).head.id
