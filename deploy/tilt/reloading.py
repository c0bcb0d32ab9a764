"""Run a service from a copy of its program that may be changed; `--again` starts it anew. For `tilt up` alone.

In a pod the root file system is read-only, so that the copy is in /tmp, without what is compiled: that would win over a
changed source. As process 1 this stays while the service ends and begins, because Tilt takes a container that ends for
a broken one. A service that cannot begin after a change waits for the next; one that never began ends the container.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

PROGRAM = "/opt/routeiq/program"
COPY = "/tmp/program"
MODULE = "routeiq.cli"
MAIN_PROCESS = 1


class Reloading:
    """One service, whose processes come and go. Its signal handlers are the process's."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self._command = command
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False
        """To begin again."""
        self._ending = False
        self._changed = False

    def run(self) -> int:
        """Returns: the exit status, when it was told to end, or the service has ended by itself."""
        signal.signal(signal.SIGHUP, self._again)
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        while True:
            self._asked = False
            self._process = subprocess.Popen(self._command, env=self._environ)
            if self._ending:  # told while there was nobody to tell
                self._tell(signal.SIGTERM)
            status = self._process.wait()
            if self._ending or not (self._asked or (self._changed and status)):
                return status if status >= 0 else 128 - status
            if not self._asked:
                print(f"It ended with {status}; the next change starts it again.", flush=True)
                self._wait_for_change()
                if self._ending:
                    return 0

    def _wait_for_change(self) -> None:
        while not (self._asked or self._ending):
            time.sleep(0.1)

    def _again(self, _number: int, _frame: object) -> None:
        self._asked = self._changed = True
        self._tell(signal.SIGTERM)

    def _end(self, number: int, _frame: object) -> None:
        self._ending = True
        self._tell(number)

    def _tell(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


def copy(program: str, to: str) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(program, to, ignore=shutil.ignore_patterns("*.so", "__pycache__"))


def environment(program: str, to: str) -> dict[str, str]:
    paths = os.environ.get("PYTHONPATH", program).split(os.pathsep)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(to if path == program else path for path in paths)}


def main(arguments: list[str]) -> int:
    if arguments == ["--again"]:
        os.kill(MAIN_PROCESS, signal.SIGHUP)
        return 0
    copy(PROGRAM, COPY)
    return Reloading([sys.executable, "-P", "-m", MODULE, *arguments], environment(PROGRAM, COPY)).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
