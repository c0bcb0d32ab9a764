"""As much of the Kubernetes API as ConfigMaps need: list and watch, versions that grow, bookmarks, and 410 Gone."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubernetes.aio.client import ApiClient, Configuration

from tests.support.by_heads import by_heads
from tests.support.waiting import until

Event = dict[str, Any]
TOKEN = "kube-token-0123456789abcdef"


@dataclass
class KubernetesAPI:
    """`lists`, `watches`: the queries of those that came. `answer_with`: a status for all."""

    namespace: str = "ns"
    url: str = ""
    lists: list[dict[str, str]] = field(default_factory=list)
    watches: list[dict[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    answer_with: int = 0
    refused: int = 0
    hangs: bool = False
    oldest: int = 0
    """Watches from before it are told 410."""
    version: int = 100
    _objects: dict[str, Event] = field(default_factory=dict)
    _events: list[tuple[int, Event]] = field(default_factory=list)
    _watching: set[asyncio.StreamWriter] = field(default_factory=set)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def put(self, name: str, data: dict[str, str], **binary: bytes) -> None:
        kind = "MODIFIED" if name in self._objects else "ADDED"
        self.version += 1
        found = {
            "kind": "ConfigMap", "metadata": {"name": name, "resourceVersion": str(self.version)}, "data": data,
            "binaryData": {key: base64.b64encode(value).decode() for key, value in binary.items()},
        }  # fmt: skip
        self._objects[name] = found
        await self._tell(kind, found)

    async def delete(self, name: str) -> None:
        self.version += 1
        await self._tell("DELETED", self._objects.pop(name))

    async def bookmark(self, version: int) -> None:
        self.version = version
        await self._tell("BOOKMARK", {"kind": "ConfigMap", "metadata": {"resourceVersion": str(version)}})

    def cut_watches(self) -> None:
        for writer in self._watching:
            writer.close()

    async def watched(self, count: int) -> None:
        """Until so many watches have begun."""
        await until(lambda: len(self.watches) >= count)

    async def client(self) -> ApiClient:
        configuration = Configuration(host=self.url)
        configuration.api_key["BearerToken"] = f"bearer {TOKEN}"
        return ApiClient(configuration)

    async def _tell(self, kind: str, found: Event) -> None:
        async with self._news:
            self._events.append((self.version, {"type": kind, "object": found}))
            self._news.notify_all()

    async def answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        url = urlsplit(head.split(" ", 2)[1])
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.tokens |= {
            line.replace("Auth", "auth") for line in head.split("\r\n") if line.lower().startswith("authorization")
        }
        if self.hangs:
            await asyncio.Event().wait()
        if self.answer_with or url.path != f"/api/v1/namespaces/{self.namespace}/configmaps":
            self.refused += 1
            _send(writer, self.answer_with or 404, {"kind": "Status", "message": TOKEN})
        elif query.get("watch"):
            self.watches.append(query)
            await self._watch(query, writer)
        else:
            self.lists.append(query)
            _send(writer, 200, self._listing(_selected(query)))

    def _listing(self, name: str) -> Event:
        items = [self._objects[name]] if name in self._objects else []
        return {"kind": "ConfigMapList", "metadata": {"resourceVersion": str(self.version)}, "items": items}

    async def _watch(self, query: dict[str, str], writer: asyncio.StreamWriter) -> None:
        seen = int(query["resourceVersion"])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        if seen < self.oldest:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            _chunk(writer, {"type": "ERROR", "object": gone})
            writer.write(b"0\r\n\r\n")
            return
        self._watching.add(writer)
        try:
            while not writer.is_closing():
                seen = await self._pass_on(seen, writer)
        finally:
            self._watching.discard(writer)

    async def _pass_on(self, seen: int, writer: asyncio.StreamWriter) -> int:
        async with self._news:
            await self._news.wait_for(lambda: any(version > seen for version, _ in self._events))
            for version, event in self._events:
                if version > seen:
                    _chunk(writer, event)
            await writer.drain()
            return max(version for version, _ in self._events)


def _selected(query: dict[str, str]) -> str:
    return query.get("fieldSelector", "").removeprefix("metadata.name=")


def _send(writer: asyncio.StreamWriter, status: int, body: Event) -> None:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)


def _chunk(writer: asyncio.StreamWriter, event: Event) -> None:
    data = json.dumps(event).encode() + b"\n"
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


@asynccontextmanager
async def kubernetes_api() -> AsyncIterator[KubernetesAPI]:
    api = KubernetesAPI()
    async with by_heads(api.answer) as api.url:
        yield api
