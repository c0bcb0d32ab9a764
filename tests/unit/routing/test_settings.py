"""Settings: where they come from and what a wrong one says."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.key_files import save_public_key
from routeiq.kit.signatures import key_id
from routeiq.routing.settings import SHIPPED_ARTIFACT, Settings


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_ROUTING_PORT", "0")
    monkeypatch.setenv("ROUTEIQ_ROUTING_IDENTITY_PUBLIC_KEYS", f"/keys/a.pub{os.pathsep}/keys/b.pub")
    settings = Settings.read()
    assert settings.port == 0
    assert settings.identity_public_keys == (Path("/keys/a.pub"), Path("/keys/b.pub"))


def test_a_wrong_one_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_ROUTING_PORT", "sesame")
    monkeypatch.setenv("ROUTEIQ_ROUTING_BATCH_SIZE", "0")
    with pytest.raises(ConfigurationError) as caught:
        Settings.read()
    assert [one.split(":")[0] for one in caught.value.problems] == [
        "ROUTEIQ_ROUTING_PORT",
        "ROUTEIQ_ROUTING_BATCH_SIZE",
    ]
    assert "sesame" not in caught.value.message


def test_they_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_threads_follow_the_machine_unless_given() -> None:
    assert Settings(threads=3).encoder_threads == 3
    assert Settings().encoder_threads == min(2, os.cpu_count() or 1)


def test_only_the_shipped_artifact_needs_no_signature(tmp_path: Path) -> None:
    assert Settings().is_trusted_place(SHIPPED_ARTIFACT)
    assert not Settings().is_trusted_place(tmp_path)
    assert not Settings().may_be_unsigned
    assert Settings(allow_unsigned=True).may_be_unsigned


def test_where_signatures_are_enforced_nothing_is_excepted() -> None:
    enforced = Settings(allow_unsigned=True, enforce_signed=True)
    assert not enforced.is_trusted_place(SHIPPED_ARTIFACT)
    assert not enforced.may_be_unsigned
    with pytest.raises(ConfigurationError, match="LLMROUTER_ENFORCE_SIGNED_MODELS is set"):
        enforced.public_keys()


def test_public_keys_have_the_contracts_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second, third = (Ed25519PrivateKey.generate().public_key() for _ in range(3))
    save_public_key(tmp_path / "first.pub", first)
    save_public_key(tmp_path / "second.pub", second)
    monkeypatch.setenv("ROUTEIQ_ROUTING_ARTIFACT_PUBLIC_KEYS", str(tmp_path / "first.pub"))
    monkeypatch.setenv("LLMROUTER_MODEL_PUBLIC_KEY_PATH", str(tmp_path / "second.pub"))
    monkeypatch.setenv("LLMROUTER_MODEL_PUBLIC_KEY_B64", b64encode(third.public_bytes_raw()).decode())
    monkeypatch.setenv("LLMROUTER_ENFORCE_SIGNED_MODELS", "true")
    settings = Settings.read()
    assert list(settings.public_keys()) == [key_id(one) for one in (first, second, third)]
    assert settings.enforce_signed


def test_the_contracts_names_count_in_the_suites_own_environment() -> None:
    assert Settings.read({"LLMROUTER_ENFORCE_SIGNED_MODELS": "true", "ROUTEIQ_ROUTING_PORT": "7"}).enforce_signed
    with pytest.raises(ConfigurationError, match="LLMROUTER_ENFORCE_SIGNED_MODELS: "):
        Settings.read({"LLMROUTER_ENFORCE_SIGNED_MODELS": "perhaps"})


def test_a_wrong_contract_name_is_said_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMROUTER_ENFORCE_SIGNED_MODELS", "perhaps")
    with pytest.raises(ConfigurationError, match="or LLMROUTER_ENFORCE_SIGNED_MODELS: "):
        Settings.read()


def test_roots_are_the_artifacts_folder_and_those_given(tmp_path: Path) -> None:
    settings = Settings(artifact_dir=tmp_path / "a" / "one", artifact_roots=(tmp_path / "b",))
    assert settings.roots == ((tmp_path / "a").resolve(), (tmp_path / "b").resolve())
