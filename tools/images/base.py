"""A base for where there is no registry: Debian's Python 3.11 and what wheels link to, by mmdebstrap; no shell, no
package manager. `python -m tools.images base` makes it once, in ten seconds, and names it in the engine.

What a scanner looks for is kept: Debian's record of each package, where distroless images have it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

from tools.images.engine import Engine
from tools.images.locks import ROOT

NAME = "localhost/rq-base:test"
SUITE = "bookworm"
FOLDER = ROOT / "build" / "images" / "base"
MANIFEST = FOLDER / "packages.json"
DOCKERFILE = ROOT / "deploy" / "docker" / "base.Dockerfile"

PACKAGES = (
    *("base-files", "ca-certificates", "media-types", "netbase", "tzdata"),
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"),
    *("libbz2-1.0", "libc6", "libcrypt1", "libdb5.3", "libexpat1", "libffi8", "libgcc-s1", "liblzma5", "libncursesw6"),
    *("libnsl2", "libreadline8", "libsqlite3-0", "libssl3", "libstdc++6", "libtinfo6", "libtirpc3", "libuuid1"),
    "zlib1g",
)
UNWANTED = (
    *("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/lintian/*", "/usr/share/locale/*", "/usr/share/man/*"),
    *("/usr/share/perl5/*", "/usr/lib/python3*/pydoc_data/*", "/usr/lib/*-linux-gnu/gconv/*"),
)
HOOK = Path(__file__).with_name("base_root.sh")


def ensure(engine: Engine) -> str:
    """Returns: its name. Asks Debian's mirror the first time, and after a change of what it is made of."""
    made_of = hashlib.sha256(Path(__file__).read_bytes() + HOOK.read_bytes()).hexdigest()[:16]
    archive = FOLDER / f"{made_of}.tar"
    if not archive.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(".partial.tar")
        _bootstrap(partial)
        MANIFEST.write_text(json.dumps(list(_packages(partial)), indent=1))
        partial.rename(archive)
    engine.build(NAME, DOCKERFILE, FOLDER, {"ROOT": archive.name})
    return NAME


def _bootstrap(archive: Path) -> None:
    unwanted = [f"--dpkgopt=path-exclude={pattern}" for pattern in UNWANTED]
    command = ["mmdebstrap", "--quiet", "--variant=extract", "--skip=output/dev", *unwanted, f"--extract-hook={HOOK}"]
    subprocess.run([*command, f"--include={','.join(PACKAGES)}", SUITE, str(archive)], check=True)


def _packages(archive: Path) -> Iterator[tuple[str, str, str]]:
    """Name, version and architecture of each."""
    with tarfile.open(archive) as root:
        for entry in root:
            if entry.isfile() and "/dpkg/status.d/" in entry.name:
                stream = root.extractfile(entry)
                assert stream is not None
                fields = HeaderParser().parsestr(stream.read().decode())
                yield str(fields["Package"]), str(fields["Version"]), str(fields["Architecture"])
