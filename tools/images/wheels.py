"""Install wheels into a folder for another machine's Python: the image's, not this one's.

uv takes the markers and the tags of the Python and platform that it is told, which pip does for tags alone: Debian's
3.11.2 needs `async-timeout`, which a newer one leaves out. Nothing is built from source, and every file has its hash in
a lock."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tools.images import locks
from tools.images.locks import Pinned

PYTHON = "3.11"
"""Of the images' base. uv takes it for the first patch release, so that no backport is left out."""
GLIBC = 36
"""2.36, Debian 12's: the least that the base has, and the most that a wheel may want."""


def machine() -> str:
    """Of the image: this machine's, as Linux calls it."""
    return {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())


def same_python() -> bool:
    """Whether this Python can make what the image's Python loads: bytecode, and compiled modules."""
    return sys.platform == "linux" and f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON


def install(pinned: Iterable[Pinned], target: Path, *, hosted: bool = False) -> None:
    """The wheels of a lock's lines, and nothing that they require beside. `hosted`: for this machine's Python."""
    target.mkdir(parents=True, exist_ok=True)
    chosen = locks.text(pinned)
    if not chosen:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as file:
        file.write(chosen)
        file.flush()
        where = ["--target", str(target), "--requirements", file.name]
        subprocess.run([*_UV, *where, *(["--python", sys.executable] if hosted else _image())], check=True)
    (target / ".lock").unlink(missing_ok=True)  # uv's own


_UV = (
    *(str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--link-mode", "copy"),
    *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
)


def _image() -> list[str]:
    return ["--python-version", PYTHON, "--python-platform", f"{machine()}-manylinux_2_{GLIBC}"]


def settle(target: Path) -> None:
    """Readable by any user, whatever the umask here is."""
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def compile_bytecode(tree: Path, inside: str) -> None:
    """Beside each source below `tree`, which the image has as `inside`. It is never compared with its source again."""
    if not same_python():
        print(f"No bytecode: this is Python {platform.python_version()}, the image has {PYTHON}. It starts slower.")
        return
    command = [sys.executable, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", str(tree), "-p", inside, str(tree)], check=False)
