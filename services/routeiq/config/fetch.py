"""One small GET of JSON, for discovery: no proxy, no redirect, bounded in time and size."""

from __future__ import annotations

import http.client
import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import IO
from urllib.error import HTTPError, URLError

from routeiq.config.scalars import JSONValue
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import Origin, OutboundPolicy

MAX_BYTES = 1024 * 1024
Fetch = Callable[[str, Mapping[str, str], float], JSONValue]
"""(URL, headers, seconds) -> the answer. Raises: FetchFailed."""


class FetchFailed(Exception):
    """The text says why, without the URL, which may hold a secret."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        """None: the redirect itself is the answer, and an error."""


def fetch_json(url: str, headers: Mapping[str, str], timeout_s: float) -> JSONValue:
    """Raises: FetchFailed. `timeout_s` bounds each wait; the caller bounds the whole."""
    try:
        OutboundPolicy().check_url(url, Origin.DOCUMENT)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
        with opener.open(urllib.request.Request(url, headers=dict(headers)), timeout=timeout_s) as response:
            answer: JSONValue = json.loads(response.read(MAX_BYTES))
    except RouteIQError as refused:
        raise FetchFailed(refused.message) from None
    except HTTPError as error:
        error.close()
        raise FetchFailed(f"status {error.code}") from None
    except (URLError, OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise FetchFailed(_why(error)) from None
    return answer


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return "timed out"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return "not JSON" if isinstance(reason, ValueError) else type(reason).__name__
