"""Key files: made once, kept private, refused when others could read them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.key_files import (
    create_private_key,
    load_or_create_private_key,
    load_private_key,
    load_public_key,
    save_public_key,
)


def raw(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes_raw()


def test_a_new_key_is_private_and_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    key = create_private_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert raw(load_private_key(path)) == raw(key)
    assert [one.name for one in tmp_path.iterdir()] == ["identity.key"]


def test_a_key_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    first = create_private_key(path)
    with pytest.raises(FileExistsError):
        create_private_key(path)
    assert raw(load_or_create_private_key(path)) == raw(first)


def test_load_or_create_makes_the_first(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    assert raw(load_or_create_private_key(path)) == raw(load_private_key(path))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    create_private_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"identity\.key"):
        load_private_key(path)


def test_what_is_no_key_is_refused_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    path.touch(mode=0o600)
    path.write_text("secret words")
    with pytest.raises(ConfigurationError, match="not an unencrypted PEM key") as caught:
        load_private_key(path)
    assert "secret" not in caught.value.message
    with pytest.raises(ConfigurationError, match="not an unencrypted PEM key"):
        load_public_key(path)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    other = X25519PrivateKey.generate()
    private, public = tmp_path / "x.key", tmp_path / "x.pub"
    private.touch(mode=0o600)
    private.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ConfigurationError, match="not Ed25519"):
        load_private_key(private)
    with pytest.raises(ConfigurationError, match="not Ed25519"):
        load_public_key(public)


def test_a_missing_key_is_a_configuration_error(tmp_path: Path) -> None:
    for load in (load_private_key, load_public_key):
        with pytest.raises(ConfigurationError, match="No such file"):
            load(tmp_path / "none")


def test_the_public_half_may_be_read_by_all_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "identity.pub"
    for _ in range(2):
        key = Ed25519PrivateKey.generate().public_key()
        save_public_key(path, key)
        assert load_public_key(path).public_bytes_raw() == key.public_bytes_raw()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["identity.pub"]
