"""What the journal holds: `UsageRecord`s as the ledger reads them (routeiq.api.usage.v1), and of a request in flight as
much of one as is known. `wire_record` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from routeiq.api.usage.v1 import usage_pb2 as pb


class Counts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Tokens: all input, all output, and which of them were of a kind."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    audio_input: int = 0
    reasoning: int = 0
    audio_output: int = 0


class Orphan(NamedTuple):
    """A request that was in flight when its process died."""

    begun: pb.Begun
    calls: int
    bytes: int
    events: int
    reported: int
    counts: Counts
    cost_nano_usd: int | None
    """Of what was reported, if that is all."""


def read_record(data: bytes) -> pb.UsageRecord:
    """Raises: google.protobuf.message.DecodeError."""
    from routeiq.api.usage.v1 import usage_pb2 as pb  # noqa: PLC0415  # for who records usage

    return pb.UsageRecord.FromString(data)


def read_begun(data: bytes) -> pb.Begun:
    """Raises: as above."""
    from routeiq.api.usage.v1 import usage_pb2 as pb  # noqa: PLC0415  # as above

    return pb.Begun.FromString(data)
