"""JetStream's streams, by way of the connection that `kit.bus` keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nats.aio.client import Client


class ForeignStream(Exception):
    """There is a stream of that name, and it is somebody else's: it does not take the subjects."""


class StreamSpec(NamedTuple):
    """Args: max_age_s: how long a message is kept that nobody has answered for; 0: as long as it takes.  max_bytes: of
    all of them; None: as much as there is room for.

    A full stream gives up its oldest messages, so that who publishes need not wait for who has stopped reading: it is
    for publishers who find out, and have them still. A message id that comes again within two minutes, which is NATS's
    usual window, is the same message."""

    name: str
    subjects: Sequence[str]
    max_age_s: float = 0
    max_bytes: int | None = None


async def ensure_stream(client: Client, spec: StreamSpec) -> None:
    """One whose messages are kept on disk until somebody has answered for them. One that is there is left as it is: its
    operator may have given it replicas, other bounds, or more subjects. Raises: ForeignStream; what nats-py raises."""
    from nats.js.api import (  # noqa: PLC0415  # for who has a bus, which has loaded it
        DiscardPolicy,
        RetentionPolicy,
        StorageType,
        StreamConfig,
    )
    from nats.js.errors import NotFoundError  # noqa: PLC0415  # as above

    manager = client.jsm()
    try:
        there = (await manager.stream_info(spec.name)).config.subjects or []
    except NotFoundError:
        config = StreamConfig(
            name=spec.name, subjects=list(spec.subjects), retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE, discard=DiscardPolicy.OLD, max_age=spec.max_age_s, max_bytes=spec.max_bytes,
        )  # fmt: skip
        await manager.add_stream(config)
    else:
        if not all(any(_covers(pattern, subject) for pattern in there) for subject in spec.subjects):
            raise ForeignStream


def _covers(pattern: str, subject: str) -> bool:
    """Whether what takes the one takes all of the other. Source: NATS, subject-based messaging, wildcards."""
    parts, wanted = pattern.split("."), subject.split(".")
    for number, part in enumerate(parts):
        if part == ">":
            return len(wanted) > number
        if number >= len(wanted) or (part != wanted[number] and (part != "*" or wanted[number] == ">")):
            return False
    return len(parts) == len(wanted)
