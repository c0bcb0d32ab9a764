"""Two gateways of one control, and clients of each. What one gateway took, the other knows a second later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import httpx
from openai import APIStatusError, OpenAI

from tests.support.fleet import DOCUMENT, KEY, Fleet, fleet_in
from tests.support.target import FOUND
from tests.support.waiting import PATIENCE_S, wait_until

GATEWAYS = ("gateway", "gateway-2")
SERVICE_KEY = "a-service-key-of-the-scripts"
A_SECOND = 1.0
SOON_S = PATIENCE_S if FOUND is None else A_SECOND
"""Here nothing else than NATS would tell it for an hour; what a cluster's caches do is not known."""
AN_HOUR_S = "3600"
"""Of every cache: what the other gateway knows, NATS has told it."""
SETTINGS = {
    "ROUTEIQ_GATEWAY_CALLER_TTL_S": AN_HOUR_S,
    "ROUTEIQ_GATEWAY_UNKNOWN_KEY_TTL_S": AN_HOUR_S,
    "ROUTEIQ_GATEWAY_OVERLAY_EVERY_S": AN_HOUR_S,
    "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true",
}
T = TypeVar("T")


class Gateways(Protocol):
    """Processes of this machine, or pods."""

    def url_of(self, process: str) -> str:
        """Of `gateway` or `gateway-2`; of either with `-api`, where `/api/v1` is served."""
        ...


class Manager:
    """Plain HTTP to one gateway, as LiteLLM's Terraform providers speak it: the key stands in `x-api-key`, and nothing
    but the expected status is well."""

    def __init__(self, url: str, key: str = KEY, header: str = "x-api-key") -> None:
        self.url, self.key = url, key
        self.http = httpx.Client(base_url=url, headers={header: key}, timeout=PATIENCE_S)
        self._openai = OpenAI(
            base_url=f"{url}/v1", api_key=key, max_retries=0, http_client=httpx.Client(timeout=PATIENCE_S)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.close()
        self._openai.close()

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return self.ask("GET", path, status=status, params=query)

    def post(self, path: str, body: object = None, status: int = 200) -> Any:
        return self.ask("POST", path, status=status, json=body)

    def ask(self, method: str, path: str, *, status: int = 200, **more: Any) -> Any:
        """The answer's JSON; None: it has none."""
        answer = self.http.request(method, path, **more)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        assert "x-routeiq-internal-changed" not in answer.headers
        return answer.json() if answer.content else None

    def acting(self, key: str) -> Manager:
        """The same gateway, asked with another key."""
        return Manager(self.url, key)

    def openai(self, key: str) -> OpenAI:
        """OpenAI's own client. It ends with this one."""
        return self._openai.with_options(api_key=key)

    def chat(self, key: str, model: str = "first") -> int:
        """The status of a completion that OpenAI's own client asks for."""
        try:
            done = self.openai(key).chat.completions.create(
                model=model, max_tokens=1, messages=[{"role": "user", "content": "hi"}]
            )
        except APIStatusError as error:
            return error.status_code
        assert done.choices
        return 200


def soon(holds: Callable[[], T], what: object = True) -> None:
    """`holds()` is `what` soon: an attempt that begins by then may end later."""
    begun = time.monotonic()
    while (found := holds()) != what:
        assert time.monotonic() - begun < SOON_S, (found, what)
        time.sleep(0.02)


@contextmanager
def replicas_in(
    folder: Path, database_url: str, nats_url: str, configured: Mapping[str, object] = DOCUMENT
) -> Iterator[Fleet]:
    """Control and two gateways, ready, each connected with NATS."""
    settings = {"ROUTEIQ_CONTROL_DATABASE_URL": database_url, "ROUTEIQ_NATS_URL": nats_url, **SETTINGS}
    settings["SERVICE_KEYS"] = SERVICE_KEY
    processes = ("control", *GATEWAYS)
    with fleet_in(folder, configured, governed=True, **settings) as fleet:
        for process in processes:
            fleet.start(process)
        for process in processes:
            fleet.wait(process)
        _wait_for_nats(fleet, processes)
        yield fleet


def _wait_for_nats(fleet: Fleet, processes: tuple[str, ...]) -> None:
    wait_until(lambda: all("bus.connected" in fleet.log_of(process) for process in processes))
