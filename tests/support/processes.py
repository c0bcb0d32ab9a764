"""Helper processes of tests: started in a group of their own, ended with the test run whatever ends it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import PATIENCE_S, START_S

_FAKE_PROVIDER = Path(__file__).with_name("fake_provider.py")


@dataclass(frozen=True)
class FakeProvider:
    """A running `fake_provider.py`. `url` has no path."""

    url: str
    pid: int

    def kill(self) -> None:
        """As `kill -9` does: it says nothing more, and the kernel closes its connections."""
        os.kill(self.pid, signal.SIGKILL)

    @property
    def api_base(self) -> str:
        """For OpenAI's dialect."""
        return f"{self.url}/v1"

    def last(self) -> dict[str, object]:
        """The last request it got: method, path, query, headers (lower-case), body."""
        answer: dict[str, object] = self._get("/__last")
        return answer

    def log(self) -> list[dict[str, object]]:
        """All requests since `reset`, at most 1000."""
        answer: list[dict[str, object]] = self._get("/__log")
        return answer

    def state(self) -> dict[str, int]:
        """`open`: calls in progress; `left`: calls whose client left."""
        answer: dict[str, int] = self._get("/__state")
        return answer

    def reset(self) -> None:
        """Forget what was recorded."""
        request = urllib.request.Request(f"{self.url}/__reset", method="POST")
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()

    def wait_until_idle(self, timeout_s: float = PATIENCE_S) -> None:
        """Until no call is in progress. Raises TimeoutError."""
        end = time.monotonic() + timeout_s
        while self.state()["open"]:
            if time.monotonic() > end:
                raise TimeoutError("A call to the fake provider is still open.")
            time.sleep(0.02)

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())


@contextlib.contextmanager
def fake_provider(host: str = "127.0.0.1") -> Iterator[FakeProvider]:
    """Start one on a free port of that address; kill it at the end."""
    with process([sys.executable, str(_FAKE_PROVIDER), "--host", host, "--port", "0", "--watch-stdin"]) as announced:
        yield FakeProvider(str(announced["url"]), int(str(announced["pid"])))


@contextlib.contextmanager
def process(command: list[str], env: dict[str, str] | None = None) -> Iterator[dict[str, object]]:
    """Run `command` until the block ends and give the JSON object that is its first line.

    Its standard input is a pipe that nobody writes to: a child that watches it ends with this process.
    Raises RuntimeError: no line in time.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **(env or {})},
    )
    try:
        yield _first_line(child)
    finally:
        _end(child)


def _first_line(child: subprocess.Popen[bytes]) -> dict[str, object]:
    assert child.stdout is not None
    ready, _, _ = select.select([child.stdout], [], [], START_S)
    line = child.stdout.readline() if ready else b""
    if not line:
        raise RuntimeError(f"{child.args!r} did not say where it listens.")
    announced: dict[str, object] = json.loads(line)
    return announced


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
