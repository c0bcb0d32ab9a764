"""Processes that a measurement starts: each in a group of its own, output in a file, gone when the block ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 10.0


class NotStarted(RuntimeError):
    """A process ended or did not listen in time; the message has the end of its output."""


@dataclass
class Child:
    """One running process and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_port(self, port: int, timeout_s: float = START_TIMEOUT_S) -> None:
        """Until something listens there. Raises NotStarted."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end and self.alive:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.02)
        raise NotStarted(f"{self.name} does not listen on {port}:\n{self.tail()}")

    def tail(self, size: int = 3000) -> str:
        """The end of what it has printed."""
        return self.log.read_bytes()[-size:].decode(errors="replace")

    def kill(self) -> None:
        """The whole group, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Asked first. Returns the exit status."""
        if self.alive:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_TIMEOUT_S)
        status = self.process.poll()
        self.kill()
        return -signal.SIGKILL if status is None else status


@dataclass
class Children:
    """All that one measurement started, in a scratch folder. Use it as a context manager."""

    folder: Path
    running: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str], environ: Mapping[str, str] | None = None) -> Child:
        """Run `command` with `environ` and hardly anything else of ours."""
        log = self.folder / f"{name.replace(' ', '-')}.log"
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **(environ or {})}
        env.setdefault("PYTHONPATH", self.python_path)
        with log.open("ab") as sink:
            process = subprocess.Popen(
                command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                start_new_session=True,
            )  # fmt: skip
        child = Child(name, process, log)
        self.running.append(child)
        return child

    @property
    def python_path(self) -> str:
        """Where this process found its packages beyond its installation."""
        return os.environ.get("PYTHONPATH", "")

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self.running):
            child.stop()
