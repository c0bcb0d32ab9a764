"""Lay out what an image is given, as folders that its Dockerfile copies.

What is there and was made of the same is kept.

build/images/context/
    common/                     libraries of every service
    state/                      empty: a service's own place on disk
    <service>/libraries/        those that it needs beside them
              data/             the encoder, for routing
              program/          the package, compiled for the gateway
              about/            the bill of materials
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools.images import compiled, locks, services, wheels
from tools.images.locks import ROOT, Pinned
from tools.images.services import Service
from tools.stamps import Stamp

BUILD = ROOT / "build" / "images"
CONTEXT = BUILD / "context"
INSIDE = "/opt/routeiq"
"""Where an image has all of it."""
_METADATA = "import sys, setuptools.build_meta as it; it.prepare_metadata_for_build_wheel(sys.argv[1])"
"""Writes the package's `.dist-info`: by it the routing service knows its version."""
_RECIPE = ("wheels.py", "staging.py")


def stage(service: Service, *, variant: str = "") -> Path:
    """All layers of one image. Returns: its folder in the context."""
    folder = CONTEXT / f"{service.name}{variant}"
    wanted = services.libraries(service, litellm=variant == services.LITELLM_VARIANT)
    _library_layer(CONTEXT / "common", wanted.common, f"{INSIDE}/common")
    _library_layer(folder / "libraries", wanted.own, f"{INSIDE}/libraries")
    _data(folder / "data", service)
    _program(folder / "program", service)
    (folder / "about").mkdir(exist_ok=True)
    (CONTEXT / "state").mkdir(exist_ok=True)
    return folder


def _library_layer(folder: Path, pinned: list[Pinned], inside: str) -> None:
    def fill(draft: Path) -> None:
        wheels.install(pinned, draft)
        shutil.rmtree(draft / "bin", ignore_errors=True)  # console scripts that name this machine's Python
        wheels.compile_bytecode(draft, inside)

    made_of = [locks.text(pinned), wheels.machine(), sys.version, inside]
    layer(folder, made_of + [Path(__file__).with_name(name).read_text() for name in _RECIPE], fill)


def _data(folder: Path, service: Service) -> None:
    """Not as a layer of its own making: the exporter looks whether its files are the pinned ones."""
    folder.mkdir(parents=True, exist_ok=True)
    if service.encoder:
        command = [sys.executable, "-m", "routeiq.routing.training.encoder_export", "--out", str(folder / "encoder")]
        subprocess.run(command, check=True, cwd=ROOT)
    wheels.settle(folder)


def _program(folder: Path, service: Service) -> None:
    source = (compiled.tree() if service.compiled else None) or ROOT / "services"
    found = sorted((*source.glob("*.so"), *(source / "routeiq").rglob("*")))
    files = [path for path in found if path.is_file() and "__pycache__" not in path.parts]

    def fill(draft: Path) -> None:
        for path in files:
            copy = draft / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        wheels.compile_bytecode(draft, f"{INSIDE}/program")
        subprocess.run([sys.executable, "-c", _METADATA, str(draft)], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        shutil.rmtree(draft / "routeiq.egg-info", ignore_errors=True)  # which that leaves behind

    project = (ROOT / "pyproject.toml").read_text()
    layer(folder, [sys.version, project, *(f"{path.relative_to(source)} {_digest(path)}" for path in files)], fill)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def layer(folder: Path, made_of: list[str], fill: Callable[[Path], None]) -> None:
    """A folder that is whole or absent, and made again if what it is made of is another."""
    stamp = Stamp(folder.with_name(f".{folder.name}.made-of"), tuple(made_of))
    if folder.is_dir() and stamp.holds():
        return
    draft = folder.with_name(f".{folder.name}.draft")
    for old in (draft, folder):
        shutil.rmtree(old, ignore_errors=True)
    stamp.remove()
    draft.mkdir(parents=True)
    fill(draft)
    wheels.settle(draft)
    draft.rename(folder)
    stamp.write()
