"""Images of the cluster's own programs: one static executable each and nothing else, written here without any tool.

The format is that of `docker save`: a manifest, a configuration and a layer, all named by their sha256.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

from tools.cluster.layout import IMAGE_PREFIX

NOBODY = "65532:65532"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""As Go and images name what Linux names otherwise. What is built here is for this machine."""
NAMES = ("pause", "coredns", "metrics-server")


def ensure(programs: Path) -> list[Path]:
    """An archive beside each program, made once: it goes by the same name, and is `localhost/cluster-NAME:1`."""
    archives = []
    for name in NAMES:
        archive = programs / f"{name}.tar"
        if not archive.exists():
            partial = archive.with_suffix(".partial")
            write(partial, f"{IMAGE_PREFIX}{name}:1", programs / name)
            partial.replace(archive)
        archives.append(archive)
    return archives


def write(archive: Path, reference: str, program: Path) -> None:
    layer = _layer(program)
    digest = hashlib.sha256(layer).hexdigest()
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"User": NOBODY, "Entrypoint": [f"/{program.name}"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    encoded = json.dumps(config).encode()
    config_name = f"{hashlib.sha256(encoded).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(archive, "w") as out:
        _add(out, config_name, encoded)
        _add(out, f"{digest}/layer.tar", layer)
        _add(out, "manifest.json", json.dumps(manifest).encode())


def _layer(program: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as out:
        _add(out, program.name, program.read_bytes(), mode=0o755)
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        out.addfile(folder)
    return content.getvalue()


def _add(out: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """With no owner and no time, so that the same program gives the same image."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    out.addfile(entry, io.BytesIO(content))
