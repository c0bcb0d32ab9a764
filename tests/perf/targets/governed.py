"""Ours with all that a bill needs: a virtual key with limits and a budget, the journal, NATS and control.

NATS and control run on the other core; only the gateway is measured."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.perf import machine
from tests.perf.children import Children, NotStarted
from tests.perf.targets.routeiq import KEY, ROUTEIQ, Suite
from tests.perf.targets.target import Route, Target
from tests.support.ports import free_port

ENCRYPTION_KEY = "0123456789abcdef" * 4
TERMS = {"rpm_limit": 10**9, "tpm_limit": 10**12, "max_budget": 10**6}
"""All of them are counted, none is ever reached."""
TOKEN = "of-the-bench"
READY_S = 30.0


@dataclass(frozen=True)
class Government:
    """Where the gateway finds what governs it."""

    nats_url: str
    control_url: str
    control_address: str

    def environ(self, folder: Path) -> dict[str, str]:
        return {
            "ROUTEIQ_NATS_URL": self.nats_url,
            "ROUTEIQ_GATEWAY_CONTROL_URL": self.control_url,
            "ROUTEIQ_GATEWAY_CONTROL_ADDRESS": self.control_address,
            "ROUTEIQ_GATEWAY_STATE_DIR": str(folder),
            "ROUTEIQ_ENCRYPTION_KEY": ENCRYPTION_KEY,
        }


def start(suite: Suite, name: str) -> Target:
    """A gateway of its own, asked with a key of its own. Raises: NotStarted."""
    folder = suite.children.folder / "governed"
    folder.mkdir()
    government = _government(suite, folder)
    target = replace(suite, environ={**suite.environ, **government.environ(folder / "state")}).target(name)
    target.headers = (f"authorization: Bearer {_key(target.ports[Route.PLAIN])}",)
    return target


def _government(suite: Suite, folder: Path) -> Government:
    nats_url = _nats(suite.children, folder)
    port, ops, rpc = free_port(), free_port(), free_port()
    environ = {
        "ROUTEIQ_CONTROL_PORT": str(port),
        "ROUTEIQ_CONTROL_OPS_PORT": str(ops),
        "ROUTEIQ_CONTROL_RPC_PORT": str(rpc),
        "ROUTEIQ_CONTROL_DATABASE_URL": f"sqlite:///{folder / 'control.db'}",
        "ROUTEIQ_CONTROL_MIGRATE": "true",
        "ROUTEIQ_CONTROL_IDENTITY_PUBLIC_KEYS": str(suite.public),
        "ROUTEIQ_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "ROUTEIQ_NATS_URL": nats_url,
    }
    command = machine.on_other_core(ROUTEIQ, "serve", "control", "--config", str(suite.config))
    suite.children.start("control", command, environ).wait_port(rpc)
    return Government(nats_url, f"http://127.0.0.1:{port}", f"127.0.0.1:{rpc}")


def _nats(children: Children, folder: Path) -> str:
    port, config = free_port(), folder / "nats.conf"
    jetstream, authorization = {"store_dir": str(folder / "nats")}, {"token": TOKEN}
    config.write_text(
        json.dumps({"host": "127.0.0.1", "port": port, "jetstream": jetstream, "authorization": authorization})
    )
    server = str(Path(sys.executable).parent / "nats-server")
    children.start("nats", machine.on_other_core(server, "-c", str(config)), {}).wait_port(port)
    return f"nats://{TOKEN}@127.0.0.1:{port}"


def _key(port: int) -> str:
    """Made through the gateway, as soon as control answers."""
    end = time.monotonic() + READY_S
    while True:
        try:
            return str(_post(f"http://127.0.0.1:{port}/key/generate", TERMS)["key"])
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > end:
                raise NotStarted(f"control makes no key: {error}") from None
            time.sleep(0.2)


def _post(url: str, body: dict[str, Any]) -> Any:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())
