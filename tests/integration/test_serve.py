"""The services as containers run them: one process each, configured addresses, and what happens when one is away."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from routeiq.kit.key_files import create_private_key, save_public_key

ROUTEIQ = Path(sys.executable).parent / "routeiq"
KEY = "sk-for-the-serve-tests"
HEADERS = {"authorization": f"Bearer {KEY}"}
CHAT = {"model": "auto", "messages": [{"role": "user", "content": "What is 2 + 2?"}], "max_tokens": 1}
LIKE = {"first": "gemma-2-9b-it", "second": "llama-3.1-nemotron-51b-instruct"}
DOCUMENT = {
    "model_list": [
        {
            "model_name": name,
            "litellm_params": {"model": f"simulated/{name}", "tokens_per_second": 0, "ttft_ms": 0},
            "model_info": {"routeiq": {"like": like}},
        }
        for name, like in LIKE.items()
    ],
    "routeiq": {"auto": {"fallback": "second", "deadline_ms": 5000}},
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Fleet:
    """Ports by service, and the processes that run."""

    folder: Path
    ports: dict[str, int]
    processes: dict[str, subprocess.Popen[bytes]]

    def start(self, service: str) -> None:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self._environ(service)}
        env |= {name: value for name, value in os.environ.items() if name.startswith("COV")}
        with (self.folder / f"{service}.log").open("ab") as sink:
            command = [str(ROUTEIQ), "serve", service]
            self.processes[service] = subprocess.Popen(command, cwd=self.folder, env=env, stdout=sink, stderr=sink)

    def stop(self, service: str, number: int = signal.SIGTERM) -> int:
        process = self.processes.pop(service)
        process.send_signal(number)
        return process.wait(30)

    def wait(self, service: str) -> None:
        """Until its second port says ready."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{self.ports[f'{service}-ops']}/_health/ready").status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / f"{service}.log").read_text())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def chat(self) -> httpx.Response:
        return httpx.post(f"{self.url}/v1/chat/completions", headers=HEADERS, json=CHAT, timeout=30)

    def _environ(self, service: str) -> dict[str, str]:
        prefix = f"ROUTEIQ_{service.upper().replace('-', '_')}_"
        own = {f"{prefix}PORT": str(self.ports[service]), f"{prefix}OPS_PORT": str(self.ports[f"{service}-ops"])}
        if service == "routing":
            own[f"{prefix}IDENTITY_PUBLIC_KEYS"] = str(self.folder / "identity.pub")
        if service == "gateway":
            own |= {
                f"{prefix}ROUTING_ADDRESS": f"127.0.0.1:{self.ports['routing']}",
                f"{prefix}IDENTITY_KEY": str(self.folder / "identity.key"),
                "LITELLM_MASTER_KEY": KEY,
                "LITELLM_CONFIG_PATH": str(self.folder / "config.yaml"),
            }
        return own


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    (tmp_path / "config.yaml").write_text(json.dumps(DOCUMENT))
    save_public_key(tmp_path / "identity.pub", create_private_key(tmp_path / "identity.key").public_key())
    names = ("gateway", "routing", "control", "a2a-registry", "mcp-registry", "config-sync")
    ports = {name: free_port() for service in names for name in (service, f"{service}-ops")}
    made = Fleet(tmp_path, ports, {})
    yield made
    for service in list(made.processes):
        made.stop(service, signal.SIGKILL)


@pytest.mark.timeout(180)
def test_routing_may_come_and_go_while_the_gateway_serves(fleet: Fleet) -> None:
    fleet.start("gateway")
    fleet.wait("gateway")
    alone = fleet.chat()
    assert (alone.status_code, alone.headers["x-routeiq-fallback"]) == (200, "routing_unavailable")
    assert alone.headers["x-routeiq-model"] == "second"

    fleet.start("routing")
    fleet.wait("routing")
    end = time.monotonic() + 20
    while "x-routeiq-fallback" in (learned := fleet.chat()).headers and time.monotonic() < end:
        time.sleep(0.1)
    assert "x-routeiq-fallback" not in learned.headers
    assert float(learned.headers["x-routeiq-confidence"]) > 0

    assert fleet.stop("routing", signal.SIGKILL) != 0
    assert fleet.chat().headers["x-routeiq-fallback"] == "routing_unavailable"
    assert fleet.stop("gateway") == 0


@pytest.mark.parametrize("service", ["control", "a2a-registry", "mcp-registry", "config-sync"])
def test_a_shell_answers_its_health_and_stops(fleet: Fleet, service: str) -> None:
    fleet.start(service)
    fleet.wait(service)
    assert httpx.get(f"http://127.0.0.1:{fleet.ports[service]}/_health/live").json()["service"] == service
    assert fleet.stop(service) == 0


MISSING = {"gateway": "ROUTEIQ_GATEWAY_ROUTING_ADDRESS", "routing": "ROUTEIQ_ROUTING_IDENTITY_PUBLIC_KEYS"}


@pytest.mark.parametrize("service", MISSING)
def test_what_is_not_configured_is_said(tmp_path: Path, service: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ROUTEIQ_DISCOVERY": "false"}
    done = subprocess.run(
        [str(ROUTEIQ), "serve", service], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert MISSING[service] in done.stderr
    assert "Traceback" not in done.stderr
