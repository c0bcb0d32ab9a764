"""What the NATS child leaves in the data directory is its owner's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from routeiq.embedded.nats import NATSServer


async def test_its_files_are_private_and_a_link_is_not_followed(tmp_path: Path) -> None:
    folder, target = tmp_path / "nats", tmp_path / "target"
    folder.mkdir(mode=0o700)
    target.write_text("mine")
    (folder / "nats.conf").symlink_to(target)
    before = os.umask(0)
    server = NATSServer(folder)
    try:
        await server.start()
        files = [path for path in folder.rglob("*") if path.is_file()]
        open_to_others = [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    finally:
        os.umask(before)
        await server.stop()
    assert (target.read_text(), (folder / "nats.conf").is_symlink()) == ("mine", False)
    assert any(path.suffix == ".ports" for path in files)
    assert open_to_others == []
