"""What the leader knows of its source and its judges, as it says it to the replicas that do not lead."""

from __future__ import annotations

import msgspec


class SourceNames(msgspec.Struct, frozen=True):
    """What is configured, without credentials. Each pair is empty where that source is not the one."""

    kind: str = ""
    """`file`, `s3`, `gcs`, `configmap`; empty: none."""
    name: str = ""
    s3: tuple[str, str] = ("", "")
    gcs: tuple[str, str] = ("", "")
    configmap: str = ""
    file: str = ""


class PollFacts(msgspec.Struct, frozen=True):
    """Of the poller. Times are Unix seconds. `reload_count`: how often another document than before was read."""

    running: bool = False
    etag: str | None = None
    digest: str | None = None
    """Of the document that was read last."""
    last_sync_time: float | None = None
    reload_count: int = 0
    consecutive_failures: int = 0
    last_error: str | None = None


class Facts(msgspec.Struct, frozen=True):
    """The key `status`."""

    source: SourceNames = SourceNames()
    poll: PollFacts = PollFacts()
    validated_by: tuple[str, ...] = ()
    not_validated_by: tuple[str, ...] = ()
    """Who was to be asked and did not answer: the replicas judge for themselves."""


def pack(facts: Facts) -> bytes:
    return msgspec.json.encode(facts)


def unpack(raw: bytes) -> Facts:
    """Raises: msgspec.MsgspecError."""
    return msgspec.json.decode(raw, type=Facts)
