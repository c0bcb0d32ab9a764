"""One service's image from end to end: staged, listed in a bill of materials, built."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.images import base, locks, staging, wheels
from tools.images.engine import Engine
from tools.images.locks import ROOT
from tools.images.services import LITELLM_VARIANT, Service

DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
SBOM = "sbom.spdx.json"
_SBOM_TOOLS = staging.BUILD / "sbom-tools"


@dataclass(frozen=True)
class Request:
    """What is asked for beside the services."""

    registry: str
    tag: str
    base: str
    litellm: bool = False
    plain: bool = False
    """Nothing compiled: for an image whose source is to be changed."""

    def wanted(self, service: Service) -> Service:
        return dataclasses.replace(service, compiled=False) if self.plain else service

    def variant(self, service: Service) -> str:
        return LITELLM_VARIANT if self.litellm and service.extra == "gateway" else ""

    def name(self, service: Service) -> str:
        return f"{self.registry}/routeiq-{service.name}:{self.tag}{self.variant(service)}"


def make(service: Service, request: Request, engine: Engine) -> str:
    """Returns: the image's name, as the engine knows it now."""
    folder = staging.stage(request.wanted(service), variant=request.variant(service))
    _bill(service, folder, request)
    name = request.name(service)
    engine.build(name, DOCKERFILE, staging.CONTEXT, build_arguments(service, request))
    return name


def build_arguments(service: Service, request: Request) -> dict[str, str]:
    """What the Dockerfile is told."""
    return {
        "BASE": request.base,
        "SERVICE": service.name,
        "VARIANT": request.variant(service),
        "TITLE": service.title,
        "VERSION": release(),
        "REVISION": _git("rev-parse", "HEAD") or "unknown",
        "CREATED": _committed_at().isoformat(),
    }


def release() -> str:
    """The version in the package."""
    line = next(one for one in (ROOT / "services/routeiq/__init__.py").read_text().splitlines() if "__version__" in one)
    return line.split('"')[1]


def _bill(service: Service, folder: Path, request: Request) -> None:
    """`build/images/<service>.spdx.json`, and a copy in the image."""
    out = staging.BUILD / f"{folder.name}.spdx.json"
    command = [sys.executable, "-m", "tools.images.sbom", "--image", f"routeiq-{service.name}", "--out", str(out)]
    command += ["--version", release(), "--base", request.base, "--created", _committed_at().isoformat()]
    command += ["--debian", str(base.MANIFEST)] if request.base == base.NAME else []
    command += [str(staging.CONTEXT / "common"), str(folder / "libraries"), str(folder / "program")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_sbom_tools()), str(ROOT)])}
    subprocess.run(command, env=environ, cwd=ROOT, check=True)
    inside = folder / "about" / SBOM
    inside.write_bytes(out.read_bytes())
    inside.chmod(0o644)


def _sbom_tools() -> Path:
    """Where the libraries that write it are: no dependency of the project's own."""
    pinned = list(locks.read("sbom").values())

    def fill(draft: Path) -> None:
        wheels.install(pinned, draft, hosted=True)

    staging.layer(_SBOM_TOOLS, [locks.text(pinned), sys.version], fill)
    return _SBOM_TOOLS


def _committed_at() -> datetime:
    """The commit's time and not today's, so that one commit gives one image."""
    seconds = _git("show", "--no-patch", "--format=%ct", "HEAD")
    return datetime.fromtimestamp(int(seconds or 0), UTC)


def _git(*arguments: str) -> str:
    """Empty outside a repository."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
