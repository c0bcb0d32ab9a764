"""What is sealed opens where it belongs, and nowhere else."""

from __future__ import annotations

import secrets
import stat
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.kit.crypto import SealBroken, Sealer, generate, load_or_create, master_keys
from routeiq.kit.errors import ConfigurationError

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
SECRET = b"sk-of-a-provider"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([NEW], "provider-keys")


@given(st.binary(max_size=300), st.text(max_size=20))
def test_it_opens_again(content: bytes, context: str) -> None:
    sealer = Sealer([NEW], "provider-keys")
    assert sealer.open(sealer.seal(content, context), context) == content


def test_nothing_of_it_is_seen_and_no_two_are_alike(sealer: Sealer) -> None:
    first, second = sealer.seal(SECRET, "openai"), sealer.seal(SECRET, "openai")
    assert first != second
    assert SECRET.decode() not in first


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((Sealer([NEW], "principals"), "openai"), id="purpose"),
        pytest.param((Sealer([NEW], "provider-keys"), "anthropic"), id="context"),
        pytest.param((Sealer([OLD], "provider-keys"), "openai"), id="key"),
    ],
)
def test_it_opens_for_its_purpose_context_and_key_alone(sealer: Sealer, other: tuple[Sealer, str]) -> None:
    with pytest.raises(SealBroken):
        other[0].open(sealer.seal(SECRET, "openai"), other[1])


def test_purpose_and_context_do_not_run_into_each_other() -> None:
    sealed = Sealer([NEW], "a").seal(SECRET, "b\0c")
    with pytest.raises(SealBroken):
        Sealer([NEW], "a\0b").open(sealed, "c")


def test_any_change_breaks_it(sealer: Sealer) -> None:
    sealed = sealer.seal(SECRET, "openai")
    for at in range(len(sealed)):
        for put in ("", "A", "B", "="):
            changed = sealed[:at] + put + sealed[at + 1 :]
            if changed != sealed:
                with pytest.raises(SealBroken):
                    sealer.open(changed, "openai")


@pytest.mark.parametrize("sealed", ["", ".", "..", "v1", "v1..", "v2.x.y", "plain text", "v1.\u00fc.x"])
def test_what_was_never_sealed_does_not_open(sealer: Sealer, sealed: str) -> None:
    with pytest.raises(SealBroken):
        sealer.open(sealed, "")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    before, both = Sealer([OLD], "provider-keys"), Sealer([NEW, OLD], "provider-keys")
    old = before.seal(SECRET, "openai")
    new = both.seal(both.open(old, "openai"), "openai")
    assert (both.is_old(old), both.is_old(new)) == (True, False)
    assert Sealer([NEW], "provider-keys").open(new, "openai") == SECRET


@pytest.mark.parametrize(
    "write", [bytes.hex, lambda key: b64encode(key).decode(), lambda key: urlsafe_b64encode(key).decode()]
)
def test_keys_are_read_in_hex_and_both_kinds_of_base64(write: Callable[[bytes], str]) -> None:
    key = bytes(range(224, 256))
    assert master_keys(f" {write(key)} , {OLD.hex()}") == (key, OLD)


def test_a_generated_key_is_one() -> None:
    assert len(master_keys(generate())[0]) == 32


@pytest.mark.parametrize(
    "text", ["", " ,", "sk-1234", "0" * 64, "short", "x" * 31, "not base64 but long enough, is it not?"]
)
def test_a_weak_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError, match="SOME_KEY") as raised:
        master_keys(text, source="SOME_KEY")
    assert not text.strip(" ,") or text not in str(raised.value)


def test_a_sealer_needs_a_key() -> None:
    with pytest.raises(ConfigurationError, match="provider-keys"):
        Sealer([], "provider-keys")


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "encryption.key"
    first = load_or_create(path)
    assert (load_or_create(path), stat.S_IMODE(path.stat().st_mode)) == (first, 0o600)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe" * 32])
def test_a_file_that_holds_no_key_is_left_alone_and_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "encryption.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"encryption\.key"):
        load_or_create(path)
    assert path.read_bytes() == content


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "encryption.key"
    load_or_create(path)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_or_create(path)
