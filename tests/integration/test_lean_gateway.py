"""What a gateway's process must not load: it would be memory of every worker, used by few or none."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from routeiq.kit.key_files import create_private_key
from tests.support.fleet import DOCUMENT, HEADERS, KEY, fleet_in
from tests.support.waiting import PATIENCE_S

MOST_RSS_MIB = 81
"""At the start; the goal is 90 after traffic. Measured: 74."""
LAUNCH = """
import asyncio, json, sys
import routeiq.cli.main, routeiq.cli.service
from routeiq.kit.lean import import_for_gateway, import_uvicorn
import_uvicorn()
import_for_gateway()
from pathlib import Path
from routeiq.gateway.app import launch

async def run():
    service = await launch(Path("config.json"))
    serving = asyncio.create_task(service.serve())
    await service.server.wait_started()
    await asyncio.sleep(0)  # the tasks that were begun have imported what they need
    found = sorted({*sys.modules} & {*sys.argv[1:]})
    serving.cancel()
    await asyncio.wait([serving])
    return found

print(json.dumps(asyncio.run(run())))
"""
OPTIONAL = (
    "aiohttp",  # behind a proxy, or where a deployment names it
    "fastapi", "starlette",  # at the first request for anything but a model's answer or a probe
    "opentelemetry.sdk", "opentelemetry.exporter",  # where spans are exported
    "rich", "pygments", "typer", "click", "multiprocessing",  # for a person at a terminal
    "greenlet", "psutil",  # what libraries would use if they found it
    "litellm",  # for a provider that we do not speak ourselves
    "routeiq.api.control.v1.control_pb2",  # where keys are control's
    "routeiq.gateway.release_link", "routeiq.clients.fleet_follower", "routeiq.api.fleet.v1.fleet_pb2",  # in a fleet
    "http.server", "socketserver", "wsgiref.simple_server", "urllib.request", "http.client", "http.cookiejar",
    "html.entities", "email.parser",  # prometheus_client's own servers, and a start without a document
    "argparse", "pydantic_settings.sources.providers.cli", "gettext",  # settings of a command line
    "logging.config", "logging.handlers", "configparser",  # uvicorn's own log
    "cryptography.hazmat.primitives.serialization.ssh",
    "google.protobuf.internal.python_message", "google.protobuf.text_format",  # protobuf without its C
    "joserfc", "grpc_health.v1.health", "grpc_reflection.v1alpha.reflection",  # a server's side of gRPC
)  # fmt: skip
OTHERS = (
    "numpy", "onnxruntime", "tokenizers", "sqlalchemy", "alembic", "psycopg", "redis", "nats", "kubernetes", "obstore",
    "mcp", "a2a", "openai", "anthropic", "httpx", "requests",
)  # fmt: skip
"""Libraries of the other services, and of tests."""
OTHER_SIGNALS = (
    "opentelemetry.sdk.metrics",
    "opentelemetry.sdk._logs",
    "opentelemetry.proto.metrics",
    "opentelemetry.proto.logs",
)
"""What a gateway that exports spans has no use for."""


def test_it_loads_nothing_that_it_may_never_need(tmp_path: Path) -> None:
    assert loaded(tmp_path, *OPTIONAL, *OTHERS) == []


def test_one_with_a_bus_loads_its_client_without_websockets(tmp_path: Path) -> None:
    client = "nats.aio.client"
    assert loaded(tmp_path, client, "aiohttp", ROUTEIQ_NATS_URL="nats://127.0.0.1:1") == [client]


def test_one_that_asks_another_service_for_something_loads_no_other_client_for_it() -> None:
    program = "import sys, routeiq.kit.internal_http; print(*sorted({*sys.modules} & {*sys.argv[1:]}))"
    command = [sys.executable, "-c", program, "h11", "aiohttp", "httpcore", "httpx", "anyio"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "h11\n"


def test_one_that_exports_spans_loads_nothing_of_metrics_and_logs(tmp_path: Path) -> None:
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    exporter = "opentelemetry.exporter.otlp.proto.grpc.trace_exporter"
    assert loaded(tmp_path, exporter, "psutil", *OTHER_SIGNALS, **traced) == [exporter]


def loaded(folder: Path, *names: str, **more: str) -> list[str]:
    """Those of the modules that a gateway has when it serves, before the first request."""
    (folder / "config.json").write_text(json.dumps(DOCUMENT))
    create_private_key(folder / "identity.key")
    environ = {
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "LITELLM_MASTER_KEY": KEY,
        "ROUTEIQ_DISCOVERY": "false",
        "ROUTEIQ_GATEWAY_PORT": "0",
        "ROUTEIQ_GATEWAY_OPS_PORT": "0",
        "ROUTEIQ_GATEWAY_ROUTING_ADDRESS": "127.0.0.1:1",
        "ROUTEIQ_GATEWAY_IDENTITY_KEY": "identity.key",
        **more,
    }
    command = [sys.executable, "-c", LAUNCH, *names]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])  # its log comes first
    return found


@pytest.mark.skipif("COVERAGE_PROCESS_CONFIG" in os.environ, reason="coverage takes memory of its own")
def test_a_worker_that_serves_is_small(tmp_path: Path) -> None:
    with fleet_in(tmp_path) as fleet:
        fleet.start("gateway")
        fleet.wait("gateway")
        body = {"model": "first", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
        with httpx.Client(headers=HEADERS, timeout=PATIENCE_S) as client:
            for _ in range(50):
                assert client.post(f"{fleet.url}/v1/chat/completions", json=body).status_code == 200
        status = Path(f"/proc/{fleet.processes['gateway'].pid}/status").read_text()
        assert int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024 < MOST_RSS_MIB
