"""The load generator and the mock upstream: in C where a compiler built them, else their Python twins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "native"
PLAIN = HERE / "plain"
BUILD = Path(os.environ.get("BENCH_BUILD_DIR") or HERE.parents[1] / "build" / "bench")
FLAGS = ("-O2", "-Wall", "-Wno-misleading-indentation")


@cache
def command(name: str) -> tuple[str, ...]:
    """How to run `loadgen` or `mock_upstream`. Builds it if a compiler is there and the source is newer."""
    source, program = SOURCES / f"{name}.c", BUILD / name
    if program.exists() and program.stat().st_mtime >= source.stat().st_mtime:
        return (str(program),)
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is not None and _built(compiler, source, program):
        return (str(program),)
    return (sys.executable, str(PLAIN / f"{name}.py"))


def _built(compiler: str, source: Path, program: Path) -> bool:
    """Whether it compiled; what the compiler has to say goes to stderr. It appears whole: test runs may race."""
    program.parent.mkdir(parents=True, exist_ok=True)
    fresh = program.with_name(f"{program.name}.{os.getpid()}")
    done = subprocess.run([compiler, *FLAGS, "-o", str(fresh), str(source)], check=False)
    if done.returncode == 0:
        fresh.replace(program)
    return done.returncode == 0


def native() -> bool:
    """False: the Python twins are in use, which cannot load a fast target to its limit."""
    return len(command("loadgen")) == 1
