"""The gateways' own API behind the ingress: keys, usage, the status of the configuration."""

from __future__ import annotations

import time
from typing import Any

import httpx

from tests.cluster.support.kube import until
from tests.cluster.support.load import Edge

LEDGER_S = 90.0
"""A record is in the ledger some seconds after its request; longer where NATS or the database was away."""


class Admin:
    """With the master key."""

    def __init__(self, edge: Edge) -> None:
        self._http = httpx.Client(
            base_url=edge.url, headers={"authorization": f"Bearer {edge.key}", **edge.headers}, timeout=30
        )
        self._edge = edge

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: object) -> Any:
        """Raises: httpx.HTTPStatusError."""
        return self._http.get(path, params=query).raise_for_status().json()  # type: ignore[arg-type]  # as httpx takes them

    def post(self, path: str, body: object) -> Any:
        return self._http.post(path, json=body).raise_for_status().json()

    def put_up_with(self, path: str) -> tuple[int, Any]:
        """Status and body, or 0 where nobody answers."""
        try:
            answer = self._http.get(path)
        except httpx.HTTPError as error:
            return 0, str(error)
        return answer.status_code, answer.text

    def key(self) -> Edge:
        """A new key for these tests' models, and the edge for who has it."""
        made = self.post("/key/generate", {"models": ["auto", "small", "large", "slow"]})
        return Edge(self._edge.url, self._edge.host, made["key"])

    def recorded(self, key: str) -> int:
        """How many requests of that key the ledger has."""
        day = 24 * 3600
        dates = {
            "start_date": time.strftime("%Y-%m-%d", time.gmtime(time.time() - day)),
            "end_date": time.strftime("%Y-%m-%d", time.gmtime(time.time() + day)),
        }
        return int(self.get("/spend/logs/v2", api_key=key, page=1, page_size=1, **dates)["total"])

    def wait_recorded(self, key: str, expected: int, timeout_s: float = LEDGER_S) -> int:
        """Until the ledger has that many, and then a little longer, in case that it gets more. Returns: how many."""
        until(lambda: self._recorded_or_none(key, expected), timeout_s, f"{expected} records of usage")
        time.sleep(3)
        return self.recorded(key)

    def _recorded_or_none(self, key: str, expected: int) -> bool:
        try:
            return self.recorded(key) >= expected
        except httpx.HTTPError:
            return False
