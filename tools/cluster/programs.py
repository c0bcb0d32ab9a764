"""The cluster's programs, built from their Go modules: versions in go/go.mod, hashes of what is fetched in go/go.sum.

Kubernetes' five programs and etcd are one executable (`rqkube NAME ...`), for the sake of the linker: six would take
twice as long. All come out of one module, so that what they share is compiled once. They are kept in the user's cache,
in a folder named by what they were built from, so that each change builds anew and a new checkout does not.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.layout import HERE

MODULE = HERE / "go"
# What each is built from, below the module or as an import path. The order is the order of building.
PACKAGES = {
    "rqkube": "./cmd/rqkube",
    "coredns": "./cmd/coredns",
    "pause": "./cmd/pause",
    "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server",
}
FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")
VERSION = "k8s.io/component-base/version"
KEPT_BUILDS = 2


def ensure(cache: Path) -> Path:
    """The folder with the programs in it; built first if need be, which takes minutes and says so."""
    go = find_go()
    folder = cache / f"programs-{fingerprint(_version(go))[:16]}"
    with _one_at_a_time(cache):
        if not all((folder / name).exists() for name in PACKAGES):
            _build(go, folder)
            _forget_old(cache)
    return folder


def fingerprint(go_version: str, module: Path = MODULE) -> str:
    """Of all that the programs are made from."""
    found = hashlib.sha256(f"{go_version} {FLAGS} {sorted(PACKAGES.items())}".encode())
    for file in sorted(path for path in module.rglob("*") if path.is_file()):
        found.update(f"{file.relative_to(module)} {file.stat().st_size}\n".encode() + file.read_bytes())
    return found.hexdigest()


def link_flags(kubernetes: str) -> str:
    """Without symbols; and with the version, which a plain build lacks and clients ask for (`kubectl version`)."""
    major, minor, _ = kubernetes.removeprefix("v").split(".")
    said = {
        "gitVersion": kubernetes,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    return " ".join(["-s -w", *(f"-X {VERSION}.{name}={value}" for name, value in said.items())])


def kubernetes_version(module: Path = MODULE) -> str:
    for line in (module / "go.mod").read_text().splitlines():
        if line.strip().startswith("k8s.io/kubernetes v"):
            return line.split()[1]
    raise ClusterError(f"{module}/go.mod requires no k8s.io/kubernetes")


def _build(go: str, folder: Path) -> None:
    print("Building Kubernetes from its Go modules (six to ten minutes on two cores, once) ...", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as temporary:
        for name, package in PACKAGES.items():
            flags = [*FLAGS, "-ldflags", link_flags(kubernetes_version()), "-o", f"{temporary}/{name}"]
            command = ["nice", "-n", "10", go, "build", *flags, package]
            if subprocess.run(command, cwd=MODULE, env=environment(), check=False).returncode != 0:
                raise ClusterError(f"`go build {package}` in {MODULE} failed; what it said is above.")
        folder.mkdir(exist_ok=True)
        for name in PACKAGES:
            os.replace(f"{temporary}/{name}", folder / name)


def environment() -> dict[str, str]:
    """The Go that is here, whatever a module would like; static executables, for images with nothing else in them."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def find_go() -> str:
    found = shutil.which("go", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/go/bin"]))
    if found is None:
        raise ClusterError("There is no `go`, which builds Kubernetes. https://go.dev/dl has it: 1.26 or newer.")
    return found


def _version(go: str) -> str:
    done = subprocess.run([go, "version"], capture_output=True, text=True, check=True, env=environment())
    return done.stdout.strip()


def _forget_old(cache: Path) -> None:
    """Three hundred megabytes each: the last two stay."""
    builds = sorted(cache.glob("programs-*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in builds[KEPT_BUILDS:]:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _one_at_a_time(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "programs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
