"""A server that tests start, kill and restart. It dies with the test run, whatever ends that.

Its folder is a fresh one in the machine's temporary directory: pytest's own may be closed to the unprivileged user
that some servers insist on."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from tests.support.ports import free_port

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
ATTEMPTS = 3
NOBODY = 65534

_parent = ThreadPoolExecutor(1, "servers")
"""The kernel counts the thread that starts a child as its parent, so one does that which lives as long as we do."""

# Runs in the child before the server replaces it. Who changes its user loses what it asked of the kernel before, so
# that comes first; then it asks for a signal at its parent's death, and makes sure that the parent still lives.
_LAUNCH = """
import ctypes, os, sys
parent, user, number = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if user != os.getuid():
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, number)
if os.getppid() != parent:
    sys.exit(1)
os.execv(sys.argv[4], sys.argv[4:])
"""


def package(name: str) -> Path:
    """The folder of an installed package that is not to be imported: only its binaries are wanted."""
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"{name} is missing: see `make install`"
    assert spec.origin is not None, f"{name} is a namespace"
    return Path(spec.origin).parent


class Server(ABC):
    """One server on a loopback port, which it keeps when it is restarted. Use as a context manager."""

    name = ""
    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"routeiq-{self.name}-"))
        self.port = 0
        self._child: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it is, as settings name it."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @property
    def user(self) -> int:
        """Who it runs as."""
        return os.getuid()

    @property
    def pid(self) -> int:
        assert self._child is not None, f"{self.name} does not run"
        return self._child.pid

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def start(self) -> None:
        """Until it answers. The first time it takes a free port; should another program be faster, a second one."""
        for left in reversed(range(1 if self.port else ATTEMPTS)):
            self.port = self.port or free_port()
            self._child = self._spawn(self._command())
            if self._wait():
                return
            self.kill()
            if not left:
                raise RuntimeError(f"{self.name} did not start:\n{self.log}")
            self.port = 0

    def stop(self) -> None:
        """In good order, at once: who is connected is told to go."""
        if self._child is not None:
            self._child.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_TIMEOUT_S)
            self.kill()

    def kill(self) -> None:
        """As `kill -9` does, with all of its processes."""
        if self._child is not None:
            self._signal_all(signal.SIGKILL)
            self._child.wait()
            self._child = None

    def restart(self) -> None:
        """At the same address, with what it had stored."""
        self.stop()
        self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections (the kernel does) and says nothing, until the block ends."""
        self._signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        """Stop it, and leave nothing behind."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        numbers = (os.getpid(), self.user, int(self.stop_signal))
        launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, *map(str, numbers)]
        return _parent.submit(_popen, [*launch, *command], self.folder).result()

    def _signal_all(self, number: signal.Signals) -> None:
        """It first, so that it starts no other meanwhile; its children may lead groups of their own."""
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(self.pid, signal.SIGSTOP)
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            for pid in (self.pid, *map(int, children)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def _wait(self) -> bool:
        assert self._child is not None
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end and self._child.poll() is None:
            if self._answers():
                return True
            time.sleep(0.01)
        return False


def _popen(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            cwd=folder,
        )
