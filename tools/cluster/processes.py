"""Start the cluster's programs, wait until they can be used, and see which of them live.

They are started by a process that is in the cluster's network namespace (see `network`), so they are in it too.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.cluster import cgroups
from tools.cluster.errors import ClusterError
from tools.cluster.layout import Layout, tools_path

POLL_S = 0.1
LOG_TAIL_LINES = 15


@dataclass(frozen=True)
class Program:
    """One that was started. `rss_mib` is None once it has ended."""

    name: str
    pid: int
    rss_mib: int | None


def start(
    layout: Layout, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """It outlives this process; its output is in the logs folder, by its name."""
    with (layout.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**surroundings(), **(environment or {})},
        )
    cgroups.join(layout.name, process.pid)
    (layout.programs / name).write_text(str(process.pid))
    return process


def surroundings() -> dict[str, str]:
    """This process' environment, with the tools on its path and without a proxy, which nothing here could reach."""
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**inherited, "PATH": tools_path()}


def wait_for(
    what: str,
    is_so: Callable[[], bool],
    timeout_s: float,
    process: subprocess.Popen[bytes] | None = None,
    log: Path | None = None,
) -> None:
    """Raises: ClusterError: it is not so in time, or the process it depends on has ended; with the end of its log."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if process is not None and process.poll() is not None:
            raise ClusterError(f"{what}: the program ended with status {process.returncode}.\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not within {timeout_s:.0f} s.\n{_tail(log)}")
        time.sleep(POLL_S)


def answers(url: str) -> bool:
    """Whether something on this namespace's loopback says 200 there."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as response:
        return bool(response.status == 200)
    return False


def programs(layout: Layout) -> list[Program]:
    if not layout.programs.is_dir():
        return []
    living = cgroups.members(layout.name)
    found = []
    for file in sorted(layout.programs.iterdir()):
        pid = int(file.read_text())
        found.append(Program(file.name, pid, _rss_mib(pid) if pid in living else None))
    return found


def run(command: Sequence[str | Path], stdin: str | None = None) -> str:
    """What it printed. Raises: ClusterError: it failed; with what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env=surroundings(),
    )
    if done.returncode != 0:
        shown = " ".join(str(part) for part in command)
        raise ClusterError(f"`{shown}` failed ({done.returncode}): {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def _rss_mib(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) // 1024
    return None


def _tail(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    last = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join([f"The end of {log}:", *last])
