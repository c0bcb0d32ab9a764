"""`make compile`: the package with its compiled modules in build/compiled, beside none of the sources; for PYTHONPATH.

Builds again only what has changed since. Where this machine cannot compile, one line says what it lacks, and the exit
status is 3; `--check` only looks for that.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
TREE = BUILD / "compiled"
SOURCES = ROOT / "services" / "routeiq"
RECIPE = ("pyproject.toml", "setup.py", "tools/compile.py")
LACKING = 3


def main() -> int:
    lacking = what_lacks()
    if lacking:
        print(f"Not compiled: {lacking}", file=sys.stderr)
        return LACKING
    if "--check" in sys.argv[1:]:
        return 0
    wanted = fingerprint()
    if _stamp(TREE).exists() and _stamp(TREE).read_text() == wanted:
        return 0
    print(f"Compiling into {TREE.relative_to(ROOT)} (some minutes) ...", flush=True)
    return build(wanted)


def what_lacks() -> str:
    """What to do before anything can be compiled here; empty: nothing."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler (`{compiler}`). On Debian: apt-get install gcc"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return f"Python.h is not in {sysconfig.get_path('include')}. On Debian: apt-get install python3-dev"
    return ""


def fingerprint() -> str:
    """Of all that the tree is made from."""
    found = hashlib.sha256(f"{sys.version} {version('mypy')} {os.environ.get('CC')}".encode())
    files = sorted(one for one in SOURCES.rglob("*") if one.is_file() and "__pycache__" not in one.parts)
    for file in (*(ROOT / name for name in RECIPE), *files):
        found.update(f"{file.relative_to(ROOT)} {file.stat().st_size}\n".encode() + file.read_bytes())
    return found.hexdigest()


def build(stamp: str) -> int:
    """A whole new tree, which takes the place of the old one once it is complete. Returns: an exit status."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        fresh = Path(folder, "tree")
        command = [sys.executable, "setup.py", "build", "--build-base", f"{folder}/base", "--build-lib", str(fresh)]
        environ = {**os.environ, "ROUTEIQ_COMPILE": "1"}
        done = subprocess.run(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            sys.stderr.write(done.stdout.decode(errors="replace"))
            return done.returncode
        _stamp(fresh).write_text(stamp)
        shutil.rmtree(TREE, ignore_errors=True)
        fresh.rename(TREE)
    return 0


def _stamp(tree: Path) -> Path:
    return tree / ".made-of"


if __name__ == "__main__":
    sys.exit(main())
