"""The ASGI scope of a request, without work for what most requests do not have: a query, escapes, another server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from httptools import parse_url
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl

from routeiq.kit.exchange import KEY, Exchange

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
_METHODS: Final = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}


class Scopes:
    """Of one connection."""

    __slots__ = ("_model", "_state")

    def __init__(self, transport: asyncio.BaseTransport, state: Mapping[str, Any]) -> None:
        """`state` is the lifespan's; every request gets a copy."""
        self._state = dict(state)
        self._model: dict[str, Any] = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "server": get_local_addr(transport),  # type: ignore[arg-type]  # an asyncio.Transport, always
            "client": get_remote_addr(transport),  # type: ignore[arg-type]  # as above
            "scheme": "https" if is_ssl(transport) else "http",  # type: ignore[arg-type]  # as above
            "root_path": "",
            "query_string": b"",
        }
        self._model |= dict.fromkeys(("method", "path", "raw_path", "headers", "state", KEY))
        """With every key, so that a copy of it need not grow."""

    def make(
        self, version: str, method: bytes, url: bytes, headers: list[tuple[bytes, bytes]], exchange: Exchange
    ) -> dict[str, Any]:
        """Raises ValueError for a target that is none."""
        scope = self._model.copy()
        if version != "1.1":
            scope["http_version"] = version
        scope["method"] = _METHODS.get(method) or method.decode("ascii")
        if url[0] == 47 and 37 not in url and 63 not in url and 35 not in url:  # neither "%" nor "?" nor "#"
            scope["path"] = url.decode("ascii")
            scope["raw_path"] = url
        else:
            scope["path"], scope["raw_path"], scope["query_string"] = _split(url)
        scope["headers"] = headers
        scope["state"] = self._state.copy()
        scope[KEY] = exchange
        return scope


def _split(url: bytes) -> tuple[str, bytes, bytes]:
    if url[0] == 47:
        raw, _, query = url.partition(b"#")[0].partition(b"?")
    else:
        raw, query = _split_absolute(url)
    path = raw.decode("ascii")
    return (unquote(path) if "%" in path else path), raw, query


def _split_absolute(url: bytes) -> tuple[bytes, bytes]:
    """`http://host/path`, or the `*` of OPTIONS."""
    try:
        parsed: Any = parse_url(url)  # whose stubs say that nothing is ever missing
    except Exception as error:
        raise ValueError("not a request target") from error
    if parsed.path is None:
        raise ValueError("a request target without a path")
    return parsed.path, parsed.query or b""
