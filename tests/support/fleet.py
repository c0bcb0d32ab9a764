"""The services as containers run them: one process each, at configured addresses."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from routeiq.kit.key_files import create_private_key, save_public_key
from tests.support.ports import free_ports
from tests.support.waiting import PATIENCE_S, START_S

ROUTEIQ = Path(sys.executable).parent / "routeiq"
KEY = "sk-for-the-serve-tests"
HEADERS = {"authorization": f"Bearer {KEY}"}
ENCRYPTION_KEY = "0123456789abcdef" * 4
CHAT = {"model": "auto", "max_tokens": 1}
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


def document(**auto: object) -> dict[str, object]:
    """The tests' own, with other settings of `auto`."""
    return {**DOCUMENT, "routeiq": {"auto": {"fallback": "second", **auto}}}


def service_of(process: str) -> str:
    """Which service a process is: its name without a replica's number."""
    return re.sub(r"-\d+$", "", process)


@dataclass
class Fleet:
    """Ports by process, and the processes that run. `environ`: more variables for every process.

    A process has its service's name, or that and a number (`gateway-2`), which is a further replica of it. `own`: still
    more variables, by process. `governed`: the gateways know control.
    """

    folder: Path
    ports: dict[str, int]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    governed: bool = False
    own: dict[str, dict[str, str]] = field(default_factory=dict)

    def start(self, service: str) -> None:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.environ_of(service)}
        env |= {name: value for name, value in os.environ.items() if name.startswith(("COV", "PYTHONPATH"))}
        with (self.folder / f"{service}.log").open("ab") as sink:
            command = [str(ROUTEIQ), "serve", service_of(service)]
            self.processes[service] = subprocess.Popen(command, cwd=self.folder, env=env, stdout=sink, stderr=sink)

    def stop(self, service: str, number: int = signal.SIGTERM) -> int:
        process = self.processes.pop(service)
        process.send_signal(number)
        return process.wait(START_S)

    def wait(self, service: str) -> None:
        """Until its second port says ready."""
        url, end = f"http://127.0.0.1:{self.ports[f'{service}-ops']}/_health/ready", time.monotonic() + START_S
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url, timeout=PATIENCE_S).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / f"{service}.log").read_text())

    @property
    def url(self) -> str:
        return self.url_of("gateway")

    def url_of(self, process: str) -> str:
        return f"http://127.0.0.1:{self.ports[process]}"

    def log_of(self, process: str) -> str:
        """All that it has said."""
        return (self.folder / f"{process}.log").read_text()

    def chat(self, text: str = "What is 2 + 2?") -> httpx.Response:
        body = {**CHAT, "messages": [{"role": "user", "content": text}]}
        return httpx.post(f"{self.url}/v1/chat/completions", headers=HEADERS, json=body, timeout=PATIENCE_S)

    def environ_of(self, service: str) -> dict[str, str]:
        """What a process is told."""
        return {**self._environ(service), **self.environ, **self.own.get(service, {})}

    def _environ(self, service: str) -> dict[str, str]:
        prefix = f"ROUTEIQ_{service_of(service).upper().replace('-', '_')}_"
        own = {f"{prefix}PORT": str(self.ports[service]), f"{prefix}OPS_PORT": str(self.ports[f"{service}-ops"])}
        if not service.startswith("gateway"):
            own[f"{prefix}IDENTITY_PUBLIC_KEYS"] = str(self.folder / "identity.pub")
        if service == "control":
            own |= {
                f"{prefix}RPC_PORT": str(self.ports["control-grpc"]),
                f"{prefix}DATABASE_URL": f"sqlite:///{self.folder / 'control.db'}",
                f"{prefix}MIGRATE": "true",
                "LITELLM_CONFIG_PATH": str(self.folder / "config.yaml"),
                "ROUTEIQ_ENCRYPTION_KEY": ENCRYPTION_KEY,
            }
        if service.startswith("gateway"):
            own |= {
                f"{prefix}ROUTING_ADDRESS": f"127.0.0.1:{self.ports['routing']}",
                f"{prefix}IDENTITY_KEY": str(self.folder / "identity.key"),
                "LITELLM_MASTER_KEY": KEY,
                "LITELLM_CONFIG_PATH": str(self.folder / "config.yaml"),
            }
        if service.startswith("gateway") and self.governed:
            own |= {
                f"{prefix}CONTROL_URL": self.url_of("control"),
                f"{prefix}CONTROL_ADDRESS": f"127.0.0.1:{self.ports['control-grpc']}",
                f"{prefix}STATE_DIR": str(self.folder / f"state-{service}"),
                f"{prefix}API_PORT": str(self.ports[f"{service}-api"]),
                "ROUTEIQ_ENCRYPTION_KEY": ENCRYPTION_KEY,
            }
        return own


@contextlib.contextmanager
def fleet_in(
    folder: Path, configured: Mapping[str, object] = DOCUMENT, *, governed: bool = False, **environ: str
) -> Iterator[Fleet]:
    """Nothing runs yet; what was started is killed with the block."""
    (folder / "config.yaml").write_text(json.dumps(configured))
    save_public_key(folder / "identity.pub", create_private_key(folder / "identity.key").public_key())
    names = ("gateway", "gateway-2", "gateway-3", "routing", "control", "a2a-registry", "mcp-registry", "config-sync")
    further = ("control-grpc", "gateway-api", "gateway-2-api", "gateway-3-api")
    ports = free_ports(*names, *(f"{name}-ops" for name in names), *further)
    made = Fleet(folder, ports, environ=dict(environ), governed=governed)
    try:
        yield made
    finally:
        for service in list(made.processes):
            made.stop(service, signal.SIGKILL)
