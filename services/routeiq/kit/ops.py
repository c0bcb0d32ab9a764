"""The second port of every service: liveness, readiness and metrics, away from user traffic and auth.

Plain ASGI: probes must not need a framework, which a service may never load for anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from routeiq.kit.asgi import Answer, Receive, Scope, Send
from routeiq.kit.health import Readiness
from routeiq.kit.lifespan import live

JSON_TYPE = "application/json"


class Page(NamedTuple):
    """A whole answer that is made without waiting for anything."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE

    async def send(self, answer: Answer) -> None:
        await answer.whole(self.status, self.body, [(b"content-type", self.content_type.encode())])


Pages = Mapping[str, Callable[[Scope], Page]]
"""What GET answers, by path. A page's docstring is its title in the OpenAPI document."""


def json_page(body: object, status: int = 200) -> Page:
    return Page(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def ops_pages(readiness: Readiness, registry: CollectorRegistry) -> Pages:
    """`/_health/live`, `/_health/ready`, `/metrics`."""

    def alive(_: Scope) -> Page:
        """Is the process alive?"""
        return json_page({"status": "alive", "service": readiness.service})

    def ready(_: Scope) -> Page:
        """May it have traffic?"""
        return json_page(readiness.report(), 200 if readiness.ready else 503)

    def metrics(_: Scope) -> Page:
        """Prometheus metrics"""
        return Page(200, generate_latest(registry), CONTENT_TYPE_LATEST)

    return {"/_health/live": alive, "/_health/ready": ready, "/metrics": metrics}


class OpsApp:
    """Those pages and nothing else. HEAD is GET without a body, which the server leaves out by its own scope."""

    def __init__(self, readiness: Readiness, registry: CollectorRegistry) -> None:
        self._pages = ops_pages(readiness, registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(nullcontext(), receive, send)
        elif scope["type"] == "http":
            page = self._page(scope)
            await page.send(Answer(send, [(b"allow", b"GET, HEAD")] if page.status == 405 else []))

    def _page(self, scope: Scope) -> Page:
        page = self._pages.get(scope["path"])
        if page is None:
            return json_page({"detail": "Not Found"}, 404)
        if scope["method"] not in ("GET", "HEAD"):
            return json_page({"detail": "Method Not Allowed"}, 405)
        return page(scope)
