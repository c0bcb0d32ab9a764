"""`routeiq sign`: what it writes is what config-sync asks for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from routeiq.config_sync.sources.document import DocumentSource
from routeiq.config_sync.sources.file import FilePlace
from routeiq.kit.key_files import create_private_key
from routeiq.kit.signatures import key_id


def sign(file: Path, key: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from routeiq.cli.main import app; app()", "sign", str(file), "--key", str(key)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


async def test_a_document_is_signed_with_what_it_includes(tmp_path: Path) -> None:
    key = create_private_key(tmp_path / "my.key").public_key()
    document = tmp_path / "c.yaml"
    document.write_text("include: [b.yaml]\n")
    (tmp_path / "b.yaml").write_text("router_settings: {num_retries: 1}\n")
    done = sign(document, tmp_path / "my.key")
    assert (done.returncode, done.stdout) == (0, f"{document}.sig\n"), done.stderr
    fetched = await DocumentSource(FilePlace(document), {key_id(key): key}).fetch(None)
    assert fetched is not None
    assert sorted(os.listdir(tmp_path)) == ["b.yaml", "c.yaml", "c.yaml.sig", "my.key"]


def test_what_cannot_be_read_whole_is_not_signed(tmp_path: Path) -> None:
    create_private_key(tmp_path / "my.key")
    (tmp_path / "c.yaml").write_text("include: [b.yaml]\n")
    done = sign(tmp_path / "c.yaml", tmp_path / "my.key")
    assert done.returncode == 1
    assert "b.yaml: is not there" in done.stderr
    assert not (tmp_path / "c.yaml.sig").exists()


def test_where_nothing_can_be_written_that_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    create_private_key(tmp_path / "my.key")
    (tmp_path / "c.yaml").write_text("model_list: []\n")
    (tmp_path / "c.yaml.sig").mkdir()
    done = sign(tmp_path / "c.yaml", tmp_path / "my.key")
    assert done.returncode == 1
    assert "c.yaml.sig: cannot be written: Is a directory" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["c.yaml", "c.yaml.sig", "my.key"]
