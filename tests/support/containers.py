"""Run an image as a pod would: its root read-only, user 10001, no capability, no new privileges.

By buildah and runc, as root, without a daemon. Its network is this machine's own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

USER = 10001
_HIDDEN = ("nosuid", "nodev", "noexec")
_MOUNTS: list[dict[str, Any]] = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [*_HIDDEN, "mode=1777"]},
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": [*_HIDDEN, "mode=1777"]},
    *(
        {"destination": path, "type": "none", "source": path, "options": ["rbind", "ro"]}
        for path in ("/etc/hosts", "/etc/resolv.conf")
    ),
]


@dataclass(frozen=True)
class Image:
    """A name, its root file system and what its configuration says."""

    name: str
    root: Path
    config: Mapping[str, Any]

    @property
    def user(self) -> str:
        return cast("str", self.config["User"])

    @property
    def labels(self) -> Mapping[str, str]:
        return cast("Mapping[str, str]", self.config["Labels"])

    def size(self) -> int:
        """Bytes of its files, each counted once."""
        seen = {(one.st_dev, one.st_ino): one.st_size for path in self.root.rglob("*") for one in [path.lstat()]}
        return sum(seen.values())


def missing() -> str:
    """Why no image can be run here; empty: it can."""
    if os.environ.get("RQ_E2E_TARGET") == "kubeconfig":
        return "the images are in somebody's registry"
    programs = [name for name in ("buildah", "runc") if shutil.which(name, path=_path()) is None]
    if programs:
        return f"{' and '.join(programs)} missing"
    return "" if os.geteuid() == 0 else "only root may"


@contextlib.contextmanager
def opened(name: str) -> Iterator[Image]:
    """An image that was built here, as a folder. What is written there is written to a copy."""
    container = _buildah("from", "--pull-never", name)
    try:
        config = json.loads(_buildah("inspect", "--type", "image", name))["OCIv1"]["config"]
        yield Image(name, Path(_buildah("mount", container)), config)
    finally:
        _buildah("rm", container)


@contextlib.contextmanager
def running(
    image: Image, args: Sequence[str], environ: Mapping[str, str], volumes: Mapping[Path, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """One container. Its process is runc's, whose output is the program's; it is killed at the end.

    Args: volumes: folders of this machine, and where the container has them to write to."""
    name = f"routeiq-test-{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        spec = _spec(image, args, environ, volumes)
        Path(folder, "config.json").write_text(json.dumps(spec))
        command = ["runc", "run", "--bundle", folder, name]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={"PATH": _path()})
        try:
            yield child
        finally:
            subprocess.run(["runc", "kill", name, "KILL"], capture_output=True, env={"PATH": _path()}, check=False)
            child.wait(30)


def _spec(image: Image, args: Sequence[str], environ: Mapping[str, str], volumes: Mapping[Path, str]) -> dict[str, Any]:
    bound = [
        {"destination": inside, "type": "none", "source": str(outside), "options": ["rbind", "rw"]}
        for outside, inside in volumes.items()
    ]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": USER, "gid": USER},
            "args": [*image.config["Entrypoint"], *(args or image.config.get("Cmd", []))],
            "env": [*image.config["Env"], *(f"{key}={value}" for key, value in environ.items())],
            "cwd": image.config.get("WorkingDir") or "/",
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "root": {"path": str(image.root), "readonly": True},
        "mounts": [*_MOUNTS, *bound],
        "linux": {"namespaces": [{"type": one} for one in ("pid", "mount", "ipc", "uts")]},
    }


def _buildah(*arguments: str) -> str:
    done = subprocess.run(["buildah", *arguments], stdout=subprocess.PIPE, text=True, check=True, env=_environ())
    return done.stdout.strip()


def _environ() -> dict[str, str]:
    return {**os.environ, "PATH": _path()}


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
