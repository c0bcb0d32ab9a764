"""Where things run: the gateway's core, everybody else's, real-time scheduling where it is allowed; and what the
machine is, for the report."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

RR_PRIORITY, TARGET_PRIORITY = "10", "5"


@cache
def cores() -> tuple[int, int]:
    """The target's core and the other one. The same twice on a machine with one core: figures mean little there."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1 if len(allowed) > 1 else 0]


@cache
def real_time() -> bool:
    """Whether SCHED_RR may be had, so that other work on its core cannot delay the load generator."""
    if shutil.which("chrt") is None or len(os.sched_getaffinity(0)) < 2:
        return False
    return subprocess.run(["chrt", "-r", RR_PRIORITY, "true"], capture_output=True, check=False).returncode == 0


def exclusive() -> bool:
    """Whether targets run in real time too: for figures on a machine that others use."""
    return os.environ.get("EXCLUSIVE") == "1" and real_time()


def on_target_core(*command: str) -> list[str]:
    """`command`, alone on its core as far as we decide it. EXCLUSIVE=1: other people's work there has to wait."""
    prefix = ["chrt", "-r", TARGET_PRIORITY] if exclusive() else []
    return [*prefix, *_pinned(cores()[0], *command)]


def on_other_core(*command: str, real_time_wanted: bool = False) -> list[str]:
    """`command` beside the load generator."""
    prefix = ["chrt", "-r", RR_PRIORITY] if real_time_wanted and real_time() else []
    return [*prefix, *_pinned(cores()[1], *command)]


def _pinned(core: int, *command: str) -> list[str]:
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else [*command]


def describe() -> dict[str, object]:
    """What a reader must know to compare two runs."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "target_core": cores()[0],
        "load_core": cores()[1],
        "real_time": real_time(),
        "exclusive": exclusive(),
        "load_average": os.getloadavg(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
