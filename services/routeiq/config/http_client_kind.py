"""Which of our HTTP clients a document may choose."""

from __future__ import annotations

from enum import StrEnum


class HTTPClientKind(StrEnum):
    """Which client calls a deployment; `model_info.routeiq.http_client`."""

    POOL = "pool"
    """Our own."""
    AIOHTTP = "aiohttp"
