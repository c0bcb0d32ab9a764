"""The package with its request path compiled (docs/adr/0022), where this machine can make it for the image."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools.images import wheels
from tools.images.locks import ROOT

TREE = ROOT / "build" / "compiled"
LACKING = 3
"""The exit status of tools/compile.py where there is no compiler."""
_SYMBOL = re.compile(rb"GLIBC_2\.(\d+)")


def tree() -> Path | None:
    """What `make compile` makes. None, and a line that says why: the image gets the package as it is."""
    reason = _make()
    if reason:
        print(f"The gateway's image is not compiled: {reason}.")
        return None
    return TREE


def _make() -> str:
    """Returns: why there is nothing that the image could use; empty: there is."""
    if not wheels.same_python():
        return f"the image's Python is {wheels.PYTHON} on Linux, this is another"
    done = subprocess.run([sys.executable, "tools/compile.py"], cwd=ROOT, check=False)
    if done.returncode == LACKING:
        return "there is no compiler here"
    done.check_returncode()
    newest = max((wanted_glibc(library) for library in TREE.rglob("*.so")), default=0)
    return f"it asks for glibc 2.{newest}, and the image has 2.{wheels.GLIBC}" if newest > wheels.GLIBC else ""


def wanted_glibc(library: Path) -> int:
    """The minor version of the newest glibc whose symbols a shared library asks for (36 of 2.36); 0: none."""
    return max((int(found) for found in _SYMBOL.findall(library.read_bytes())), default=0)
