"""The suite's folder: one owner, private secrets, whole files."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import structlog

from routeiq.embedded.data_dir import DataDir
from routeiq.kit.crypto import master_keys
from routeiq.kit.errors import ConfigurationError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_one_suite_at_a_time(tmp_path: Path) -> None:
    with DataDir(tmp_path / "d"), pytest.raises(ConfigurationError, match="in use"), DataDir(tmp_path / "d"):
        pass
    with DataDir(tmp_path / "d") as again:
        assert again.path.is_dir()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="Cannot use"), DataDir(tmp_path / "file" / "d"):
        pass


def test_everything_secret_is_private(tmp_path: Path) -> None:
    with DataDir(tmp_path / "d") as data:
        data.identity()
        data.keep_master_key(None)
        assert (mode(data.path), mode(data.identity_key), mode(data.master_key)) == (0o700, 0o600, 0o600)


def test_a_folder_that_others_may_read_is_said_and_left(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o755)
    with structlog.testing.capture_logs() as lines, DataDir(tmp_path / "d") as data:
        assert mode(data.path) == 0o755
    assert [(line["event"], line["mode"]) for line in lines] == [("data_dir.open_to_others", "755")]


def test_a_key_is_made_once_and_a_given_one_replaces_it(tmp_path: Path) -> None:
    with DataDir(tmp_path / "d") as data:
        first = data.keep_master_key(None)
        again = data.keep_master_key(None)
        given = data.keep_master_key("sk-given-to-the-suite")
        after = data.keep_master_key(None)
    assert (first.created, again.created, given.created) == (True, False, False)
    assert first.key == again.key
    assert after.key == "sk-given-to-the-suite"


def test_a_well_known_key_is_refused_and_the_kept_one_stays(tmp_path: Path) -> None:
    with DataDir(tmp_path / "d") as data:
        kept = data.keep_master_key(None)
        with pytest.raises(ConfigurationError):
            data.keep_master_key("sk-1234")
        assert data.keep_master_key(None).key == kept.key


def test_endpoints_are_whole_and_go_with_the_suite(tmp_path: Path) -> None:
    with DataDir(tmp_path / "d") as data:
        data.write_endpoints({"gateway": "http://127.0.0.1:1"})
        assert json.loads(data.endpoints.read_text()) == {"gateway": "http://127.0.0.1:1"}
    assert not data.endpoints.exists()


def test_the_key_that_seals_is_made_once(tmp_path: Path) -> None:
    with DataDir(tmp_path / "d") as data:
        kept = data.keep_encryption_key()
        assert data.keep_encryption_key() == kept
        assert len(master_keys(kept)) == 1
        assert mode(data.encryption_key) == 0o600


def test_a_service_key_is_made_once_and_is_another_than_the_master_key(tmp_path: Path) -> None:
    with DataDir(tmp_path / "d") as data:
        first = data.keep_service_key()
        assert data.keep_service_key() == first != data.keep_master_key(None).key
        assert mode(data.service_key) == 0o600
        data.service_key.write_text("dev-gateway-key\n")
        with pytest.raises(ConfigurationError, match="the service key is a well-known example key"):
            data.keep_service_key()
