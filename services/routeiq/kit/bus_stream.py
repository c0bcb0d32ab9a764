"""JetStream's streams, by way of the connection that `kit.bus` keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nats.aio.client import Client


async def ensure_stream(client: Client, name: str, subjects: Sequence[str]) -> None:
    """One whose messages are kept on disk until somebody has answered for them. One that is there is left as it is: its
    operator may have given it replicas, or other bounds. Raises: what nats-py raises."""
    from nats.js.api import (  # noqa: PLC0415  # for who has a bus, which has loaded it
        DiscardPolicy,
        RetentionPolicy,
        StorageType,
        StreamConfig,
    )
    from nats.js.errors import NotFoundError  # noqa: PLC0415  # as above

    manager = client.jsm()
    try:
        await manager.stream_info(name)
    except NotFoundError:
        config = StreamConfig(
            name=name, subjects=list(subjects), retention=RetentionPolicy.WORK_QUEUE, storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
        )  # fmt: skip
        await manager.add_stream(config)
