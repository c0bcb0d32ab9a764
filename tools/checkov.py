"""checkov in build/checkov, a virtual environment of its own: what it pins (`packaging`) is not what litellm needs.

Made at the first need from requirements/checkov.lock, in half a minute. Usage: python -m tools.checkov ARGUMENTS
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tools.stamps import Stamp

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "checkov.lock"
HOME = ROOT / "build" / "checkov"


def ensure() -> Path:
    """The program. Made anew where it is not of the locked releases."""
    stamp, program = Stamp(HOME / ".made-of", (LOCK.read_text(), sys.version)), HOME / "bin" / "checkov"
    if not (stamp.holds() and program.exists()):
        shutil.rmtree(HOME, ignore_errors=True)
        venv.create(HOME, with_pip=False)
        install()
        stamp.write()
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
