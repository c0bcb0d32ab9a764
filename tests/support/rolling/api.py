"""Config-sync as an operator reaches it: over HTTP, through a gateway."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from tests.support.fleet import HEADERS
from tests.support.waiting import PATIENCE_S

POLL_S = 0.05
RELOAD_S = 60.0
AT_REST = ("idle", "settling")
"""Phases in which nobody is to change."""


class Api:
    """`url`: a gateway's. `fleet`: how many replicas there are."""

    def __init__(self, url: str, fleet: int) -> None:
        self._url, self._fleet = url, fleet

    def reload(self, **body: object) -> Any:
        """What came of it. While nobody leads, or an answer takes too long, it is asked for again."""
        end = time.monotonic() + RELOAD_S
        while "error" in (answer := self.ask("POST", "/config/reload", body)) and time.monotonic() < end:
            time.sleep(POLL_S)
        return answer

    def status(self) -> Any:
        return self.ask("GET", "/config/sync/status")

    def until(self, holds: Callable[[Any], object], timeout_s: float = PATIENCE_S) -> Any:
        """The first status that is so. One that cannot be had is not."""
        end, status = time.monotonic() + timeout_s, None
        while time.monotonic() < end:
            status = self.status()
            if "error" not in status and holds(status):
                return status
            time.sleep(POLL_S)
        raise AssertionError(status)

    def until_all(self, timeout_s: float = PATIENCE_S) -> Any:
        """Until every replica says that it serves what is wanted."""
        return self.until(lambda one: _all_serve(one, self._fleet), timeout_s)

    def until_wrong(self, texts: Sequence[str], timeout_s: float = PATIENCE_S) -> Any:
        """Until it says that something is wrong, in words that have all of `texts`."""
        return self.until(lambda one: all(text in wrong(one) for text in texts), timeout_s)

    def leader(self) -> str:
        return str(self.until(lambda one: one["leader_election"]["holder_id"])["leader_election"]["holder_id"])

    def send(self, path: str, data: bytes) -> Any:
        """Bytes. The answer's JSON, whatever its status."""
        return httpx.post(f"{self._url}{path}", headers=HEADERS, content=data, timeout=90).json()

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None, **more: Any) -> Any:
        """The answer's JSON, whatever its status."""
        answer = httpx.request(method, f"{self._url}{path}", headers=HEADERS, json=body, timeout=PATIENCE_S, **more)
        return answer.json()


def wrong(status: Any) -> str:
    """What it says of the last poll, of the last refusal, of the rollout and of replicas; empty: all is well."""
    refused = [f"{one['reason']}; {'; '.join(one['errors'])}" for one in status.get("refused", [])[:1]]
    hindered = [error for one in status.get("services", {}).values() for error in one["errors"].items()]
    return "\n".join(map(str, [*filter(None, [status.get("last_error")]), *refused, *hindered]))


def _all_serve(status: Any, fleet: int) -> bool:
    replicas = status.get("replicas") or {}
    return replicas.get("total") == fleet == replicas.get("acked") and status["rollout"]["phase"] in AT_REST
