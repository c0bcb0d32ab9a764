"""What runs a service for `tilt up`, as a process: it begins anew with a changed source, and does not end itself."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.chart import ROOT

# A service that says which it is, and ends at SIGTERM.
SERVICE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("first", sys.argv[1:], flush=True)
while True:
    signal.pause()
"""
DRIVER = """
import sys
sys.path.insert(0, sys.argv[1])
import reloading
reloading.PROGRAM, reloading.COPY = sys.argv[2:4]
sys.exit(reloading.main(sys.argv[4:]))
"""


class Running:
    """The process, and what it says line by line."""

    def __init__(self, program: Path, to: Path) -> None:
        command = [sys.executable, "-c", DRIVER, str(ROOT / "deploy" / "tilt"), str(program), str(to), "serve", "it"]
        environ = {**os.environ, "PYTHONPATH": str(program), "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
        self.source = to / "routeiq" / "cli" / "__main__.py"
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line.strip())

    def says(self) -> str:
        return self._lines.get(timeout=20)

    def end(self) -> None:
        """And the service with it, which has its output, too."""
        self.process.terminate()
        self.process.wait(timeout=20)
        self._reader.join(timeout=20)

    def change(self, text: str) -> None:
        self.source.write_text(text)
        self.process.send_signal(signal.SIGHUP)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    started: list[Running] = []

    def of(text: str) -> Running:
        package = tmp_path / "program" / "routeiq" / "cli"
        package.mkdir(parents=True)
        for init in (package.parent / "__init__.py", package / "__init__.py"):
            init.touch()
        (package / "__main__.py").write_text(text)
        (package / "compiled.so").write_text("")
        started.append(Running(tmp_path / "program", tmp_path / "copy"))
        return started[-1]

    yield of
    for one in started:
        one.end()


def test_a_changed_source_is_run_by_the_same_container(begin: Callable[[str], Running]) -> None:
    running = begin(SERVICE)
    assert running.says() == "first ['serve', 'it']"
    running.change(SERVICE.replace("first", "second"))
    assert running.says() == "second ['serve', 'it']"
    running.change(SERVICE.replace("first", "third"))
    assert running.says() == "third ['serve', 'it']"
    assert running.process.poll() is None


def test_what_is_compiled_is_not_copied(begin: Callable[[str], Running]) -> None:
    running = begin(SERVICE)
    running.says()
    assert {file.name for file in running.source.parent.iterdir()} == {"__init__.py", "__main__.py"}


def test_told_to_end_it_ends_with_the_service(begin: Callable[[str], Running]) -> None:
    running = begin(SERVICE)
    running.says()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=20) == 0


def test_a_broken_change_waits_for_the_next(begin: Callable[[str], Running]) -> None:
    running = begin(SERVICE)
    running.says()
    running.change("raise SystemExit(3)")
    assert running.says() == "It ended with 3; the next change starts it again."
    running.change(SERVICE.replace("first", "mended"))
    assert running.says() == "mended ['serve', 'it']"


def test_it_ends_while_it_waits_for_a_change(begin: Callable[[str], Running]) -> None:
    running = begin(SERVICE)
    running.says()
    running.change("raise SystemExit(3)")
    running.says()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=20) == 0


@pytest.mark.parametrize("status", [0, 4])
def test_what_ends_by_itself_ends_the_container_with_its_status(begin: Callable[[str], Running], status: int) -> None:
    assert begin(f"raise SystemExit({status})").process.wait(timeout=20) == status
