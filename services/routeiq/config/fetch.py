"""One small GET of JSON, for discovery: no proxy, no redirect, bounded in time and size."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError

from routeiq.config.scalars import JSONValue
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import Origin, OutboundPolicy

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from urllib.request import OpenerDirector, Request

MAX_BYTES = 1024 * 1024
Fetch = Callable[[str, Mapping[str, str], float], JSONValue]
"""(URL, headers, seconds) -> the answer. Raises: FetchFailed."""


class FetchFailed(Exception):
    """The text says why, without the URL, which may hold a secret."""


def fetch_json(url: str, headers: Mapping[str, str], timeout_s: float) -> JSONValue:
    """Raises: FetchFailed. `timeout_s` bounds each wait; the caller bounds the whole."""
    from http.client import HTTPException  # noqa: PLC0415  # see `_opener`
    from urllib.request import Request  # noqa: PLC0415  # as above

    try:
        OutboundPolicy().check_url(url, Origin.DOCUMENT)
        with _opener().open(Request(url, headers=dict(headers)), timeout=timeout_s) as response:
            answer: JSONValue = json.loads(response.read(MAX_BYTES))
    except RouteIQError as refused:
        raise FetchFailed(refused.message) from None
    except HTTPError as error:
        error.close()
        raise FetchFailed(f"status {error.code}") from None
    except (URLError, OSError, HTTPException, ValueError, RecursionError) as error:
        raise FetchFailed(_why(error)) from None
    return answer


def _opener() -> OpenerDirector:
    """urllib.request is imported here, and email's parser with it: 0.7 MB, for who starts without a document."""
    from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener  # noqa: PLC0415  # see above

    class NoRedirects(HTTPRedirectHandler):
        def redirect_request(
            self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
        ) -> None:
            """None: the redirect itself is the answer, and an error."""

    return build_opener(ProxyHandler({}), NoRedirects)


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return "timed out"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return "not JSON" if isinstance(reason, ValueError) else type(reason).__name__
