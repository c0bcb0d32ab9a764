"""Everything that runs: PostgreSQL, Valkey, NATS, control, two gateways and the upstream that writes things down."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.perf.children import Children
from tests.support.fleet import KEY, Fleet, fleet_in
from tests.support.ports import free_port
from tests.support.replicas import GATEWAYS
from tests.support.servers.nats import NATS
from tests.support.servers.postgres import Postgres
from tests.support.servers.server import Server
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S

INPUT_USD, OUTPUT_USD = 3e-6, 7e-6
INPUT_NANO, OUTPUT_NANO = 3_000, 7_000
BUDGET_USD = 1_000.0
"""More than any run spends: what is refused for money would hide what was lost."""
TARGETS = ("gateway", "gateway-2", "control", "postgres", "valkey", "nats", "nats and its storage")


@dataclass
class World:
    """All of it, ready."""

    fleet: Fleet
    servers: Mapping[str, Server]
    book: Path
    keys: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(self.fleet.url_of(name) for name in GATEWAYS)

    def kill(self, target: str) -> Callable[[], None]:
        """kill -9. Returns: what brings it back, blocking until it serves."""
        name = target.removesuffix(" and its storage")
        server = self.servers.get(name)
        if server is None:
            self.fleet.stop(name, signal.SIGKILL)
            return lambda: self._start(name)
        server.kill()
        if target != name:
            shutil.rmtree(server.folder / "store")
        return server.start

    def _start(self, name: str) -> None:
        self.fleet.start(name)
        self.fleet.wait(name)

    def spent(self, key: str) -> float:
        """USD, as `/key/info` says it."""
        answer = httpx.get(f"{self.urls[0]}/key/info", params={"key": key}, headers=ADMIN, timeout=PATIENCE_S)
        answer.raise_for_status()
        return float(answer.json()["info"]["spend"])


ADMIN = {"authorization": f"Bearer {KEY}"}


def document(upstream: int) -> dict[str, object]:
    """One model, with a price."""
    params = {"model": "openai/m", "api_base": f"http://127.0.0.1:{upstream}/v1", "api_key": "none"}
    prices = {"input_cost_per_token": INPUT_USD, "output_cost_per_token": OUTPUT_USD}
    model = {"model_name": "priced", "litellm_params": params, "model_info": prices}
    return {"model_list": [model], "router_settings": {"num_retries": 0, "timeout": 15}}


@contextlib.contextmanager
def world_in(folder: Path) -> Iterator[World]:
    """Everything, started; gone with the block."""
    with contextlib.ExitStack() as stack:
        postgres, valkey = stack.enter_context(Postgres()), stack.enter_context(Valkey())
        nats = stack.enter_context(NATS())
        children = stack.enter_context(Children(folder))
        port, book = free_port(), folder / "upstream.jsonl"
        program = str(Path(__file__).with_name("upstream.py"))
        children.start("upstream", [sys.executable, program, str(port), str(book)]).wait_port(port)
        settings = {
            "ROUTEIQ_CONTROL_DATABASE_URL": postgres.url_of(postgres.create()),
            "ROUTEIQ_NATS_URL": nats.url,
            "ROUTEIQ_GATEWAY_REDIS_URL": valkey.url,
            "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true",
        }
        fleet = stack.enter_context(fleet_in(folder, document(port), governed=True, **settings))
        for name in ("control", *GATEWAYS):
            fleet.start(name)
        for name in ("control", *GATEWAYS):
            fleet.wait(name)
        servers: dict[str, Server] = {"postgres": postgres, "valkey": valkey, "nats": nats}
        yield World(fleet, servers, book, _keys(fleet.url))


def _keys(url: str) -> tuple[str, ...]:
    """One without a budget, one with, one of a team with a budget."""
    with httpx.Client(base_url=url, headers=ADMIN, timeout=PATIENCE_S) as client:
        team = _made(client, "/team/new", {"max_budget": BUDGET_USD})["team_id"]
        wanted: tuple[dict[str, Any], ...] = (
            {},
            {"max_budget": BUDGET_USD},
            {"team_id": team, "max_parallel_requests": 50},
        )
        return tuple(_made(client, "/key/generate", body)["key"] for body in wanted)


def _made(client: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    for _ in range(50):
        answer = client.post(path, json=body)
        if answer.status_code == 200:
            return answer.json()
        time.sleep(0.2)
    raise AssertionError((path, answer.status_code, answer.text))
