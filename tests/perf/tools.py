"""What a measurement builds: the load generator and the mock upstream, or their Python twins; the compiled package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "native"
PLAIN = HERE / "plain"
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("BENCH_BUILD_DIR") or ROOT / "build" / "bench")
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


@dataclass(frozen=True)
class Compiled:
    """Where the package is with its transport compiled, as `make compile` makes it; or why it is not to be had."""

    tree: str
    lacking: str = ""


@cache
def compiled() -> Compiled:
    """Built if need be."""
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "compile.py")], stderr=subprocess.PIPE, check=False)
    said = done.stderr.decode(errors="replace").strip().splitlines()
    if done.returncode:
        return Compiled("", said[-1] if said else "tools/compile.py failed")
    return Compiled(str(ROOT / "build" / "compiled"))
