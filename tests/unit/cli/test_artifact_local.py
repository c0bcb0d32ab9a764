"""`routeiq artifact` on folders: keygen, sign, verify, show."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from routeiq.cli.artifact import app
from routeiq.clients.artifact_parts import PartsInvalid
from routeiq.kit.errors import ConfigurationError
from routeiq.routing.settings import SHIPPED_ARTIFACT


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED_ARTIFACT, tmp_path / "artifact")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    run("keygen", tmp_path / "signing.key")
    return tmp_path / "signing.key"


def run(*arguments: object) -> Result:
    """Raises: what the command raises, which the console script prints."""
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_keygen_makes_a_private_and_a_public_key(tmp_path: Path) -> None:
    said = run("keygen", tmp_path / "mine").stdout
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600
    assert "PUBLIC KEY" in (tmp_path / "mine.pub").read_text()
    assert "PRIVATE" not in (tmp_path / "mine.pub").read_text() + said


@pytest.mark.parametrize("name", ["mine", "mine.pub"])
def test_keygen_overwrites_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(ConfigurationError, match=f"{name} is there already"):
        run("keygen", tmp_path / "mine")
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_keygen_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        run("keygen", tmp_path / "none" / "mine")


def test_what_is_signed_verifies(artifact: Path, key: Path) -> None:
    artifact_id = run("sign", artifact, "--key", key).stdout.strip()
    done = run("verify", artifact, "--public-key", f"{key}.pub", "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["valid"], said["artifact_id"]) == (0, True, artifact_id)
    assert said["signed_by"] in run("verify", artifact, "--public-key", f"{key}.pub").stdout


def test_the_settings_of_routing_name_the_key(artifact: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("sign", artifact, "--key", key)
    monkeypatch.setenv("ROUTEIQ_ROUTING_ARTIFACT_PUBLIC_KEYS", f"{key}.pub")
    assert run("verify", artifact).exit_code == 0


def test_without_a_key_nothing_is_verified(artifact: Path) -> None:
    with pytest.raises(ConfigurationError, match="--public-key"):
        run("verify", artifact)
    done = run("verify", artifact, "--unsigned")
    assert (done.exit_code, "signature not asked for" in done.stdout) == (0, True)


def test_another_key_and_a_changed_file_are_refused(artifact: Path, key: Path, tmp_path: Path) -> None:
    run("keygen", tmp_path / "other")
    run("sign", artifact, "--key", tmp_path / "other")
    done = run("verify", artifact, "--public-key", f"{key}.pub")
    assert (done.exit_code, "which is none of" in done.stderr) == (1, True)
    (artifact / "card.md").write_text("changed")
    done = run("verify", artifact, "--unsigned", "--json")
    assert done.exit_code == 1
    assert "card.md" in json.loads(done.stdout)["problems"][0]


def test_what_is_broken_is_not_signed(artifact: Path, key: Path) -> None:
    (artifact / "card.md").write_text("changed")
    with pytest.raises(PartsInvalid, match=r"card\.md"):
        run("sign", artifact, "--key", key)
    assert not (artifact / "manifest.sig").exists()


def test_a_key_that_others_can_read_is_not_used(artifact: Path, key: Path) -> None:
    key.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        run("sign", artifact, "--key", key)


def test_show_says_whether_it_loads(artifact: Path) -> None:
    assert "state       valid" in run("show", artifact).stdout
    said = json.loads(run("show", artifact, "--json").stdout)
    assert (said["problems"], said["manifest"]["strategy"]) == ([], "ensemble")
    (artifact / "knn.onnx").write_bytes(b"x")
    for form in ([], ["--json"]):
        assert run("show", artifact, *form).exit_code == 1
