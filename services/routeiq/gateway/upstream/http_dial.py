"""Open a connection to an upstream: its checked addresses one after the other, TLS with its name.

A certificate that is refused ends the attempt: the next address has no better claim to the name.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from routeiq.gateway.upstream.http_connection import Connection
from routeiq.gateway.upstream.http_tls import system_tls
from routeiq.kit.outbound import Route

CONNECT_TIMEOUT_S = 10.0
Dial = Callable[[Route, Callable[[], Connection], ssl.SSLContext | None, float, float], Awaitable[Connection]]
"""As `dial`, which has the names of the arguments."""


async def dial(
    route: Route, make: Callable[[], Connection], tls: ssl.SSLContext | None, connect_timeout_s: float, deadline: float
) -> Connection:
    """Args: deadline: by the loop's clock; each address has an even share of what is left, `connect_timeout_s` at most.

    Raises: OSError: the last address's, TimeoutError and ssl.SSLError among them.
    """
    failed: OSError = TimeoutError()
    for position, address in enumerate(route.addresses):
        left = (deadline - asyncio.get_running_loop().time()) / (len(route.addresses) - position)
        try:
            async with asyncio.timeout(min(left, connect_timeout_s)):
                return await _open(str(address), route, make, tls)
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            failed = error
    raise failed


async def _open(address: str, route: Route, make: Callable[[], Connection], tls: ssl.SSLContext | None) -> Connection:
    loop = asyncio.get_running_loop()
    secure = route.target.scheme == "https"
    _, connection = await loop.create_connection(  # type: ignore[type-var]  # a protocol in all but name
        make, address, route.target.port,
        ssl=tls or system_tls() if secure else None, server_hostname=str(route.target.host) if secure else None,
    )  # fmt: skip
    return connection
