"""checkov in build/checkov, a virtual environment of its own: what it pins (`packaging`) is not what litellm needs.

Made at the first need from requirements/checkov.lock, in half a minute. Usage: python tools/checkov.py ARGUMENTS
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "checkov.lock"
HOME = ROOT / "build" / "checkov"


def ensure() -> Path:
    """The program. Made anew where it is not of the locked releases."""
    stamp, program = HOME / ".made-of", HOME / "bin" / "checkov"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest() + sys.version
    if not (stamp.exists() and stamp.read_text() == wanted and program.exists()):
        shutil.rmtree(HOME, ignore_errors=True)
        venv.create(HOME, with_pip=False)
        install()
        stamp.write_text(wanted)
    return program


def install() -> None:
    """Raises: CalledProcessError: a package is not to be had, or has another hash."""
    uv = Path(sysconfig.get_path("scripts"), "uv")
    target = ["--python", str(HOME / "bin" / "python")]
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--require-hashes", *target, "-r", LOCK], check=True
    )


if __name__ == "__main__":
    os.execv(ensure(), ["checkov", *sys.argv[1:]])
