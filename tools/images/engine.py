"""The program that makes images of Dockerfiles: buildah, podman or docker. They agree on what is used here."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KNOWN = ("buildah", "podman", "docker")


class EngineMissing(Exception):
    """Nothing here can build an image."""


@dataclass(frozen=True)
class Engine:
    """A program, and its own options: another storage for buildah, say."""

    command: tuple[str, ...]

    @property
    def name(self) -> str:
        return Path(self.command[0]).name

    def build(self, name: str, dockerfile: Path, context: Path, arguments: Mapping[str, str]) -> None:
        """Layers that were built before of the same files are taken again."""
        layers = [] if self.name == "docker" else ["--layers"]
        given = [part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")]
        self._run("build", "--quiet", *layers, "--file", str(dockerfile), "--tag", name, *given, str(context))

    def push(self, name: str) -> None:
        """To the registry that its name says."""
        self._run("push", name)

    def save(self, name: str, archive: Path) -> None:
        """As a file that `ctr images import` and `docker load` read, under the same name."""
        mark, digest = archive.with_suffix(".image"), self._digest(name)
        if archive.exists() and mark.exists() and mark.read_text() == digest:
            return
        archive.parent.mkdir(parents=True, exist_ok=True)
        for old in (mark, archive):  # none of them overwrites it
            old.unlink(missing_ok=True)
        if self.name == "buildah":
            self._run("push", "--quiet", name, f"docker-archive:{archive}:{name}")
        else:
            self._run("save", "--output", str(archive), name)
        mark.write_text(digest)

    def _digest(self, name: str) -> str:
        command = [*self.command, "images", "--quiet", "--no-trunc", name]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def _run(self, *arguments: str) -> None:
        subprocess.run([*self.command, *arguments], stdout=subprocess.DEVNULL, check=True)


def find(wanted: str = "") -> Engine:
    """The one that is `wanted`, with its options, else the first that is here. Raises: EngineMissing."""
    if wanted:
        return Engine(tuple(shlex.split(wanted)))
    for name in KNOWN:
        if shutil.which(name) and (name != "docker" or _daemon_runs()):
            return Engine((name,))
    raise EngineMissing(f"none of {', '.join(KNOWN)} is here. On Debian: apt-get install buildah")


def _daemon_runs() -> bool:
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
