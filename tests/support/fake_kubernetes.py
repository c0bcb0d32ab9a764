"""An API server of Kubernetes that keeps objects by name: real HTTP, and its conflicts by resourceVersion."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeKubernetes:
    """`objects`: by name. `status`: answered to everything instead, if set."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.status = 0
        self._version = 0
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*fake.read(self._name()))

            def do_POST(self) -> None:
                self._answer(*fake.create(self._body()))

            def do_PUT(self) -> None:
                self._answer(*fake.replace(self._name(), self._body()))

            def log_message(self, *_: object) -> None: ...

            def _name(self) -> str:
                return self.path.partition("?")[0].rpartition("/")[2]

            def _body(self) -> dict[str, Any]:
                body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
                return body

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                raw = json.dumps(body).encode()
                self.send_response(fake.status or status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def read(self, name: str) -> tuple[int, dict[str, Any]]:
        with self._lock:
            return (200, self.objects[name]) if name in self.objects else (404, {"reason": "NotFound"})

    def create(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            name = body["metadata"]["name"]
            return (409, {"reason": "AlreadyExists"}) if name in self.objects else (201, self._keep(name, body))

    def replace(self, name: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            there = self.objects.get(name, {}).get("metadata", {}).get("resourceVersion")
            if body["metadata"].get("resourceVersion") != there:
                return 409, {"reason": "Conflict"}
            return 200, self._keep(name, body)

    def _keep(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        self.objects[name] = body
        return body
