"""The API server's lists and watches, for the keeper: what it knows is a few milliseconds old, at next to no cost.

kubectl would take a tenth of a second of CPU for each look, which two cores cannot spare under load.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.cluster.layout import API_URL

Document = dict[str, Any]
RETRY_S = 0.5
WATCH_TIMEOUT_S = 600
OK = range(200, 300)


class API:
    """Calls as the administrator. A connection each: they are few, or last long."""

    def __init__(self, pki: Path, url: str = API_URL) -> None:
        self._address = urlsplit(url).netloc
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def call(self, method: str, path: str, body: Document | None = None) -> tuple[int, Document]:
        """Returns: the status, and the answer whatever it is."""
        connection = self._connection(timeout_s=10)
        try:
            encoded = None if body is None else json.dumps(body)
            connection.request(method, path, encoded, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def watch(self, path: str, version: str) -> Iterator[Document]:
        """Events from there on, until the server ends it."""
        connection = self._connection(timeout_s=WATCH_TIMEOUT_S + 30)
        try:
            query = f"?watch=1&timeoutSeconds={WATCH_TIMEOUT_S}&resourceVersion={version}"
            connection.request("GET", path + query)
            response = connection.getresponse()
            while line := response.readline():
                yield json.loads(line)
        finally:
            connection.close()

    def _connection(self, timeout_s: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._address, timeout=timeout_s, context=self._tls)


class Store:
    """All objects of some kinds, kept current by a thread for each."""

    def __init__(self, api: API, paths: Mapping[str, str]) -> None:
        """Args: paths: kind -> the path of its list, such as `/api/v1/pods`."""
        self._api, self._paths = api, paths
        self._objects: dict[str, dict[str, Document]] = {}
        self._lock = threading.Lock()
        self._changed = threading.Event()

    def follow(self) -> None:
        for kind in self._paths:
            threading.Thread(target=self._follow, args=(kind,), name=kind, daemon=True).start()

    def wait(self) -> None:
        """Until something has changed since the last time, and every kind is known."""
        while True:
            self._changed.wait()
            self._changed.clear()
            if len(self._objects) == len(self._paths):
                return

    def all(self, kind: str) -> list[Document]:
        with self._lock:
            return list(self._objects[kind].values())

    def _follow(self, kind: str) -> None:
        while True:
            try:
                self._list_and_watch(kind)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as problem:
                print(f"watching {kind}: {problem!r}", file=sys.stderr, flush=True)
                time.sleep(RETRY_S)

    def _list_and_watch(self, kind: str) -> None:
        status, listed = self._api.call("GET", self._paths[kind])
        if status not in OK:
            raise OSError(f"{status} {listed.get('message')}")
        with self._lock:
            self._objects[kind] = {item["metadata"]["uid"]: item for item in listed["items"]}
        self._changed.set()
        for event in self._api.watch(self._paths[kind], listed["metadata"]["resourceVersion"]):
            if event["type"] == "ERROR":  # it asks for what the server has forgotten: list again
                return
            self._take(kind, event)

    def _take(self, kind: str, event: Document) -> None:
        uid = event["object"]["metadata"]["uid"]
        with self._lock:
            if event["type"] == "DELETED":
                self._objects[kind].pop(uid, None)
            else:
                self._objects[kind][uid] = event["object"]
        self._changed.set()
