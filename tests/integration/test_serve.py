"""The services as containers run them: one process each, configured addresses, and what happens when one is away."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.fleet import ROUTEIQ, Fleet, fleet_in
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


@pytest.mark.timeout(600)
def test_routing_may_come_and_go_while_the_gateway_serves(fleet: Fleet) -> None:
    fleet.start("gateway")
    fleet.wait("gateway")
    alone = fleet.chat()
    assert (alone.status_code, alone.headers["x-routeiq-fallback"]) == (200, "routing_unavailable")
    assert alone.headers["x-routeiq-model"] == "second"

    fleet.start("routing")
    fleet.wait("routing")
    end = time.monotonic() + PATIENCE_S
    while "x-routeiq-fallback" in (learned := fleet.chat()).headers and time.monotonic() < end:
        time.sleep(0.1)
    assert "x-routeiq-fallback" not in learned.headers
    assert float(learned.headers["x-routeiq-confidence"]) > 0

    assert fleet.stop("routing", signal.SIGKILL) != 0
    assert fleet.chat().headers["x-routeiq-cache"] == "decision"
    assert fleet.chat("What is 3 + 3?").headers["x-routeiq-fallback"] == "routing_unavailable"
    assert fleet.stop("gateway") == 0


def test_what_is_no_request_is_counted(fleet: Fleet) -> None:
    fleet.start("gateway")
    fleet.wait("gateway")
    with socket.create_connection(("127.0.0.1", fleet.ports["gateway"]), timeout=PATIENCE_S) as peer:
        peer.sendall(b"EHLO\r\n\r\n")
        assert peer.recv(12) == b"HTTP/1.1 400"
    metrics = httpx.get(f"http://127.0.0.1:{fleet.ports['gateway-ops']}/metrics", timeout=PATIENCE_S).text
    assert 'gateway_http_refusals_total{status="400"} 1.0' in metrics


@pytest.mark.parametrize("service", ["control", "a2a-registry", "mcp-registry", "config-sync"])
def test_a_shell_answers_its_health_and_stops(fleet: Fleet, service: str) -> None:
    fleet.start(service)
    fleet.wait(service)
    assert (
        httpx.get(f"http://127.0.0.1:{fleet.ports[f'{service}-ops']}/_health/live", timeout=PATIENCE_S).json()[
            "service"
        ]
        == service
    )
    assert httpx.get(f"http://127.0.0.1:{fleet.ports[service]}/_health/live", timeout=PATIENCE_S).status_code == 401
    assert fleet.stop(service) == 0


MISSING = {
    "gateway": "ROUTEIQ_GATEWAY_ROUTING_ADDRESS",
    "routing": "ROUTEIQ_ROUTING_IDENTITY_PUBLIC_KEYS",
    "control": "ROUTEIQ_CONTROL_DATABASE_URL",
    "config-sync": "ROUTEIQ_CONFIG_SYNC_IDENTITY_PUBLIC_KEYS",
}


@pytest.mark.parametrize("service", MISSING)
def test_what_is_not_configured_is_said(tmp_path: Path, service: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ROUTEIQ_DISCOVERY": "false"}
    env |= {name: value for name, value in os.environ.items() if name.startswith(("COV", "PYTHONPATH"))}
    done = subprocess.run(
        [str(ROUTEIQ), "serve", service], cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert MISSING[service] in done.stderr
    assert "Traceback" not in done.stderr
