"""What gateways are told of a write, however much it changed."""

from __future__ import annotations

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.publish import KEYS, MOST_KEYS, OVERLAY, Publisher

MAX_PAYLOAD = 1024 * 1024
"""NATS' own, if nobody says another."""


class Heard:
    """In place of a bus."""

    def __init__(self) -> None:
        self.all: list[tuple[str, bytes]] = []

    async def publish(self, subject: str, payload: bytes) -> bool:
        self.all.append((subject, payload))
        return True


async def told(changed: pb.Changed) -> list[tuple[str, bytes]]:
    heard = Heard()
    await Publisher(heard).publish(changed)  # type: ignore[arg-type]  # it publishes
    return heard.all


async def test_a_change_is_one_message() -> None:
    changed = pb.Changed(keys=["a" * 64], users=["u"])
    assert await told(changed) == [(KEYS, changed.SerializeToString())]
    overlay = pb.Changed(overlay_version=3)
    assert await told(overlay) == [(OVERLAY, overlay.SerializeToString())]


async def test_more_keys_than_a_message_holds_come_in_several() -> None:
    keys = [f"{number:064}" for number in range(4 * MOST_KEYS + 1)]
    messages = await told(pb.Changed(keys=keys, teams=[f"{number:0256}" for number in range(1000)]))
    parts = [pb.Changed.FromString(payload) for _, payload in messages]
    assert max(len(payload) for _, payload in messages) < MAX_PAYLOAD
    assert [key for part in parts for key in part.keys] == keys
    assert [len(part.teams) for part in parts] == [1000, 0, 0, 0, 0]
