"""What stands around the gateway in a soak: two providers, a big one, a black hole, one that resets, the router."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from tests.perf import machine, tools
from tests.perf.children import Child, Children
from tests.perf.targets.routeiq import LIKE, Suite
from tests.perf.targets.target import Route
from tests.support.ports import free_port

FAKE = Path(__file__).resolve().parents[2] / "support" / "fake_provider.py"
REQUEST_TIMEOUT_S = 8.0
DEPLOYMENT_TIMEOUT_S = 2.0
LIMIT_S = REQUEST_TIMEOUT_S + 3.0
"""Beyond it a request hangs: the deadline, and what a loaded machine may be late."""
GRACE_S = 1.5
PORTS = ("gateway", "ops", "routing", "routing-ops", "steady", "fragile", "big", "hole", "reset")
BIG = "chunks=3000"
LINGER_NOT = struct.pack("ii", 1, 0)


SMALL_CACHES = {"ROUTEIQ_GATEWAY_DECISION_CACHE_SIZE": "128", "ROUTEIQ_GATEWAY_CONVERSATIONS": "128"}
"""Full before the slope counts: what fills a cache is no leak."""


@dataclass
class World:
    """Starts, kills and restarts. `outages`: by name, when something was away."""

    children: Children
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORTS})
    living: dict[str, Child] = field(default_factory=dict)
    outages: dict[str, list[list[float]]] = field(default_factory=dict)

    def start(self) -> None:
        """Everything. Raises NotStarted."""
        config = self.children.folder / "soak.json"
        config.write_text(json.dumps(document(self.ports)))
        self.suite = Suite(self.children, dict.fromkeys(Route, self.ports["big"]), environ=SMALL_CACHES)
        for name in ("steady", "fragile", "big", "routing"):
            self.raise_up(name)
        ports = self.ports
        self.gateway = self.suite.gateway("gateway", ports["gateway"], ports["ops"], ports["routing"], config)

    def raise_up(self, name: str) -> None:
        """Start one of them, on the port that it always had."""
        port = self.ports[name]
        if name == "routing":
            self.living[name] = self.suite.routing("soak", port, self.ports["routing-ops"])
        else:
            big = (*tools.command("mock_upstream"), f"{port}:{BIG}")
            command = big if name == "big" else (sys.executable, str(FAKE), "--port", str(port))
            self.living[name] = self.children.start(name, machine.on_other_core(*command))
        self.living[name].wait_port(port)

    def kill(self, name: str) -> None:
        """kill -9; what is asked of it fails from now on until `back`."""
        self.outages.setdefault(name, []).append([time.monotonic(), float("inf")])
        self.living[name].kill()
        self.children.running.remove(self.living[name])

    def back(self, name: str) -> None:
        """Restart it, blocking until it listens; its outage ends a little later."""
        self.raise_up(name)
        self.outages[name][-1][1] = time.monotonic() + GRACE_S

    def away(self, name: str, begun: float, ended: float) -> bool:
        """Whether it was, at any time between the two."""
        return any(down < ended and begun < up for down, up in self.outages.get(name, ()))

    def open_calls(self, name: str) -> int:
        """How many calls a fake provider still has open."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/__state", timeout=5) as answer:
            return int(json.loads(answer.read())["open"])


async def black_hole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes everything and says nothing, until the other side has had enough."""
    while await reader.read(65_536):
        pass
    writer.close()


async def resetter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with a TCP reset."""
    await reader.read(1024)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    writer.close()


def document(ports: dict[str, int]) -> dict[str, object]:
    """Groups named after what becomes of them."""
    at = {name: f"http://127.0.0.1:{port}/v1" for name, port in ports.items()}
    models = [
        _model("good", "x", at["steady"]),
        _model("paced", "x--paced", at["steady"]),
        _model("fragile", "x", at["fragile"]),
        _model("fragile-paced", "x--paced", at["fragile"]),
        _model("pair", "x", at["steady"]),
        _model("pair", "x", at["fragile"]),
        _model("status-500", "x--status-500", at["steady"]),
        _model("status-429", "x--status-429", at["steady"]),
        _model("rescued", "x--status-500", at["steady"]),
        _model("rescued", "x", at["steady"]),
        _model("dies", "x--die-before", at["steady"]),
        _model("cut", "x--die-mid-stream", at["steady"]),
        _model("stall", "x--stall", at["steady"]),
        _model("hole", "x", at["hole"]),
        _model("reset", "x", at["reset"]),
        _model("big", "x", at["big"]),
        *(_model(name, "x", at["steady"], like) for name, like in LIKE.items()),
    ]
    return {
        "model_list": models,
        "router_settings": {"num_retries": 2, "timeout": REQUEST_TIMEOUT_S},
        "routeiq": {"auto": {"models": [*LIKE], "fallback": "medium"}, "body_limit_mb": 1},
    }


def _model(name: str, model: str, base: str, like: str = "") -> dict[str, object]:
    params = {"model": f"openai/{model}", "api_base": base, "api_key": "none", "timeout": DEPLOYMENT_TIMEOUT_S}
    info: dict[str, object] = {"input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6}
    return {
        "model_name": name,
        "litellm_params": params,
        "model_info": info | ({"routeiq": {"like": like}} if like else {}),
    }
