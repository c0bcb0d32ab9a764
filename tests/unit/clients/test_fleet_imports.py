"""Who may be one of a fleet, and is not, loads no client of NATS for it."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import routeiq.clients.fleet_follower, routeiq.kit.bus_requests
print(sorted({name.split(".")[0] for name in sys.modules} & {"nats", "aiohttp", "grpc", "pydantic"}))
"""


def test_the_replicas_side_loads_no_nats() -> None:
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
