"""What is sealed opens where it belongs, and nowhere else."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.kit.crypto import SealBroken, Sealer, generate, master_keys
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
    "write", [bytes.hex, lambda key: generate_like(key, "+/"), lambda key: generate_like(key, "-_")]
)
def test_keys_are_read_in_hex_and_both_kinds_of_base64(write: object) -> None:
    key = bytes(range(224, 256))
    assert callable(write)
    assert master_keys(f" {write(key)} , {OLD.hex()}") == (key, OLD)


def generate_like(key: bytes, letters: str) -> str:
    from base64 import b64encode  # noqa: PLC0415

    return b64encode(key, letters.encode()).decode()


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
