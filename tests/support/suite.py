"""`routeiq up` as a process of its own, as a user starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.waiting import PATIENCE_S

ROUTEIQ = Path(sys.executable).parent / "routeiq"
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 120.0


@dataclass
class Suite:
    """A running suite. `stop` interrupts it as Ctrl-C does and gives its exit status."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    output: Path
    endpoints: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.endpoints["gateway"]

    @property
    def key(self) -> str:
        return (self.data_dir / "master.key").read_text().strip()

    @property
    def said(self) -> str:
        """Everything that it has printed so far, logs included."""
        return self.output.read_text()

    def get(self, path: str, *, key: str | None = None) -> tuple[int, bytes]:
        """Status and body."""
        request = urllib.request.Request(self.url + path, headers={"authorization": f"Bearer {key}"} if key else {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def wait_ready(self) -> float:
        """Until `/_health/ready` is 200. Returns: the seconds that this took."""
        begun = time.monotonic()
        while time.monotonic() - begun < READY_TIMEOUT_S:
            if self.process.poll() is not None:
                raise AssertionError(f"the suite ended with {self.process.returncode}:\n{self.said}")
            with contextlib.suppress(OSError):
                self.endpoints = json.loads((self.data_dir / "endpoints.json").read_text())
                if self.get("/_health/ready")[0] == 200:
                    return time.monotonic() - begun
            time.sleep(0.02)
        raise AssertionError(f"the suite was not ready in {READY_TIMEOUT_S} s:\n{self.said}")

    def stop(self) -> int:
        """Ctrl-C, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_TIMEOUT_S)


def launch(folder: Path, *args: str, environ: Mapping[str, str] | None = None) -> Suite:
    """Start `routeiq up` in `folder`, on a free port unless `args` name one. Does not wait."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "output.txt"
    port = [] if "--port" in args else ["--port", "0"]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "ROUTEIQ_DISCOVERY": "false", **(environ or {})}
    env |= {name: value for name, value in os.environ.items() if name.startswith(("COV", "PYTHONPATH"))}
    with output.open("ab") as sink:
        process = subprocess.Popen(
            [str(ROUTEIQ), "up", *port, *args], cwd=folder, env=env, stdout=sink, stderr=sink, start_new_session=True
        )
    return Suite(process, folder / ".routeiq", output)


@contextlib.contextmanager
def running(folder: Path, *args: str, environ: Mapping[str, str] | None = None) -> Iterator[Suite]:
    """A ready suite; ended with the block."""
    suite = launch(folder, *args, environ=environ)
    try:
        suite.wait_ready()
        yield suite
    finally:
        with contextlib.suppress(ProcessLookupError):
            suite.stop()
