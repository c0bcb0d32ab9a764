"""What holds the fleet's documents and artifacts."""

from __future__ import annotations

from typing import Protocol


class Objects(Protocol):
    """Bytes by name: `kit.bus_objects.ObjectBucket`."""

    async def put(self, name: str, data: bytes) -> None: ...

    async def get(self, name: str) -> bytes: ...

    async def exists(self, name: str) -> bool: ...

    async def names(self) -> list[str]: ...

    async def delete(self, name: str) -> None: ...

    async def sweep(self) -> int: ...
