"""HTTP from one of our services to another: bytes as they come, no redirect, no cookie, no proxy, no retry.

Whoever may not need it imports this module late: aiohttp takes 8 MB. The callers' text says which service was away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import aiohttp
from yarl import URL

from routeiq.kit.errors import RouteIQError, Unavailable

CONNECT_TIMEOUT_S = 1.0
MAX_CONNECTIONS = 100
MAX_FIELD_BYTES = 4 * 1024 * 1024
"""Of one header, because we trust our own: one may name a thousand keys."""
_LOST = (aiohttp.ClientError, OSError, ValueError)
"""ValueError: aiohttp raises it for what it cannot send."""


class ServiceAway(Unavailable):
    """It cannot be reached, or broke off."""

    code = "service_away"


class ServiceSilent(RouteIQError):
    """It took the request and said nothing in time. What was asked may have been done."""

    status, type, code, expose = 504, "service_unavailable", "service_silent", True


class InternalAnswer:
    """An answer whose head has come. `close` it, whatever was read."""

    def __init__(self, response: aiohttp.ClientResponse, service: str) -> None:
        self._response = response
        self._service = service
        self.status = response.status
        self.headers = [(name.lower(), value) for name, value in response.raw_headers]
        """Names in lower case."""
        self.length = response.content_length
        """None: it ends when it ends."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, as it comes. Raises: ServiceAway, ServiceSilent: it ends early."""
        try:
            while chunk := await self._response.content.readany():
                yield chunk
        except TimeoutError:
            raise ServiceSilent(f"{self._service} stopped in the middle of its answer.") from None
        except _LOST:
            raise ServiceAway(f"{self._service} broke off its answer.") from None

    def close(self) -> None:
        """An answer that was read to its end has given its connection back; otherwise the connection is closed."""
        self._response.close()


class InternalClient:
    """Of one service. It opens at the first call, in the running loop.

    Args: url: `http://host:port`.  service: its name in error texts."""

    def __init__(self, url: str, service: str, *, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._service = service
        self._connect_timeout_s = connect_timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | AsyncIterator[bytes],
        *,
        head_timeout_s: float,
        gap_timeout_s: float,
    ) -> InternalAnswer:
        """Args: target: path and query, encoded.  head_timeout_s: for the answer's head, once the body is sent in time.
        gap_timeout_s: for each wait for more of it.  Raises: ServiceAway, ServiceSilent."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout_s, sock_read=gap_timeout_s)
        try:
            async with asyncio.timeout(head_timeout_s):
                response = await self._open().request(
                    method,
                    URL(self._url + target, encoded=True),
                    headers=headers,
                    data=body or None,
                    allow_redirects=False,
                    timeout=timeout,
                )
        except aiohttp.ConnectionTimeoutError:
            raise ServiceAway(f"{self._service} cannot be reached.") from None
        except TimeoutError:
            raise ServiceSilent(f"{self._service} did not answer in time.") from None
        except _LOST:
            raise ServiceAway(f"{self._service} cannot be reached.") from None
        return InternalAnswer(response, self._service)

    async def close(self) -> None:
        """A later call opens anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
                auto_decompress=False,
                max_field_size=MAX_FIELD_BYTES,
            )
        return self._session
