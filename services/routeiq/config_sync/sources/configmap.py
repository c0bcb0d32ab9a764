"""A document in a ConfigMap: a key of it; files that go with it are its other keys.

Each reading lists the object, so that all keys are of one state. Between readings a watch waits for a change from the
listed version on. A watch that breaks or ends begins again; where the version is too old for it (410 Gone), the next
reading lists anew. An object that is deleted is a failure like any other: what serves, serves on.

Needs `get`, `list` and `watch` of that one ConfigMap. Source: kubernetes.io, "Kubernetes API Concepts".
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
from kubernetes.aio.client import ApiClient, ApiException, CoreV1Api

from routeiq.config.gather import Wanted
from routeiq.config_sync.sources.kube import api_client
from routeiq.config_sync.sources.place import Content, SourceFailed, too_large

LIST_TIMEOUT_S = 10.0
WATCH_S = 240
"""The server ends a watch then, if nothing came; a little later we do."""
PAUSE_S = 1.0
MOST_PAUSE_S = 30.0
MAX_BYTES = 8 * 1024 * 1024
"""Of a listing. An object has 1 MiB at most, and who manages its fields may repeat it."""
GONE = 410
_LONGEST_LINE = 64 * 1024
"""Of a bookmark. What is longer is a change."""


class Named(NamedTuple):
    namespace: str
    name: str
    key: str


class ConfigMapPlace:
    """Args: pause_s: between two watches, twice as long after each that ended soon."""

    kind = "configmap"

    def __init__(
        self, named: Named, client: Callable[[], Awaitable[ApiClient]] = api_client, *, pause_s: float = PAUSE_S
    ) -> None:
        self._named, self._connect, self._pause_s = named, client, pause_s
        self.main = named.key
        self.name = "configmap {}/{}/{}".format(*named)
        self._client: ApiClient | None = None
        self._files: dict[str, bytes] = {}
        self._version = ""
        self._watch_from = ""
        """The version to watch from; empty: nothing was listed."""

    async def begin(self) -> None:
        self._watch_from = ""
        async with self._asked(LIST_TIMEOUT_S) as answer:
            listing = json.loads(await self._body(answer.content))
            self._watch_from = str(listing["metadata"]["resourceVersion"])
            found = next(iter(listing.get("items") or ()), None)
            if found is None:
                raise SourceFailed(f"{self.name}: there is no such ConfigMap")
            self._version = str(found["metadata"]["resourceVersion"])
            self._files = _files(found)

    def refusal(self, wanted: Wanted) -> str | None:
        return "a ConfigMap has no folders; name one of its keys" if "/" in wanted.name else None

    async def read(self, name: str, known: Content | None, limit: int) -> Content | None:
        data = self._files.get(name)
        if data is None:
            return None
        if len(data) > limit:
            raise too_large(f"{self.name}: {name}", limit)
        return known if known is not None and known.data == data else Content(data, "", self._version)

    async def steady(self) -> bool:
        """All keys come at once."""
        return True

    async def changed(self) -> None:
        pause = self._pause_s
        while True:
            begun = asyncio.get_running_loop().time()
            if self._watch_from and await self._watched():
                return
            if asyncio.get_running_loop().time() - begun > MOST_PAUSE_S:
                pause = self._pause_s
            await asyncio.sleep(pause)
            pause = min(2 * pause, MOST_PAUSE_S)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()  # type: ignore[no-untyped-call]

    async def _body(self, stream: Any) -> bytes:
        body = b""
        async for chunk in stream.iter_any():
            body += chunk
            if len(body) > MAX_BYTES:
                raise too_large(self.name, MAX_BYTES)
        return body

    async def _watched(self) -> bool:
        """Whether there was a change; else the watch has ended."""
        asked = {"watch": True, "allow_watch_bookmarks": True, "timeout_seconds": WATCH_S}
        try:
            async with self._asked(WATCH_S + LIST_TIMEOUT_S, resource_version=self._watch_from, **asked) as answer:
                return await self._follow(answer.content.iter_any())
        except SourceFailed as failed:
            return failed.__cause__ is not None and getattr(failed.__cause__, "status", 0) == GONE

    async def _follow(self, chunks: AsyncIterator[bytes]) -> bool:
        line = b""
        async for chunk in chunks:
            *lines, line = (line + chunk).split(b"\n")
            for one in lines:
                if one.strip() and not self._bookmarked(one):
                    return True
            if len(line) > _LONGEST_LINE:
                return True
        return False

    def _bookmarked(self, line: bytes) -> bool:
        """A bookmark says from where to go on; anything else, an error too, is a reason to list."""
        event = json.loads(line)
        if event["type"] != "BOOKMARK":
            return False
        self._watch_from = str(event["object"]["metadata"]["resourceVersion"])
        return True

    @asynccontextmanager
    async def _asked(self, timeout_s: float, **asked: Any) -> AsyncIterator[Any]:
        """The answer, whose body is read within. Raises: SourceFailed."""
        try:
            if self._client is None:
                self._client = await self._connect()
            answer = await self._request(self._client, timeout_s, asked)
            try:
                if answer.status != 200:
                    raise _Status(answer.status)
                yield answer
            finally:
                answer.close()
        except _Status as said:
            raise SourceFailed(
                f"{self.name}: {_STATUSES.get(said.status, f'the API answered {said.status}')}"
            ) from said
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            raise SourceFailed(f"{self.name}: the Kubernetes API cannot be reached") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceFailed(f"{self.name}: the Kubernetes API answers in no form that is known") from error

    async def _request(self, client: ApiClient, timeout_s: float, asked: dict[str, Any]) -> Any:
        namespace, name, _ = self._named
        selector = f"metadata.name={name}"
        try:
            return await CoreV1Api(client).list_namespaced_config_map_without_preload_content(
                namespace, field_selector=selector, _request_timeout=timeout_s, **asked
            )
        except ApiException as refused:
            raise _Status(refused.status or 0) from None


class _Status(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


_STATUSES = {401: "the credentials are not accepted", 403: "access is denied", 404: "there is no such namespace"}


def _files(found: dict[str, Any]) -> dict[str, bytes]:
    texts, binaries = found.get("data") or {}, found.get("binaryData") or {}
    return {
        **{name: text.encode() for name, text in texts.items()},
        **{name: base64.b64decode(data, validate=True) for name, data in binaries.items()},
    }
