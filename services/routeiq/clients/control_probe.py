"""Whether control serves, by its HTTP port: for a gateway that is told no gRPC address of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

PROBE_TIMEOUT_S = 1.0


class ControlProbe:
    """One session to one address (`http://host:port`). Make it inside the running loop; `close` it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def serves(self) -> bool:
        """Whether control says that it is ready. Never raises: not reachable is False."""
        import aiohttp  # noqa: PLC0415  # 8 MB, for who waits for control

        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S))
        try:
            async with self._session.get(f"{self._url}/_health/ready") as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
