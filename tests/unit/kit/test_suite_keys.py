"""A suite's keys: made once, usable as they are, never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.kit import crypto, master_key
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.key_files import load_private_key, load_public_key
from routeiq.kit.suite_keys import PAIRS, TEXTS, missing


def test_a_new_suite_gets_all_of_them_and_an_old_one_none() -> None:
    made = missing({})
    assert made.keys() == {*TEXTS, *PAIRS, *PAIRS.values()}
    assert len(set(made.values())) == len(made)
    assert missing(made) == {}


def test_they_are_what_services_take(tmp_path: Path) -> None:
    made = missing({})
    assert master_key.weakness(made["master-key"].decode()) is None
    assert len(crypto.master_keys(made["encryption-key"].decode())) == 1
    assert all(made[name].decode().isalnum() for name in ("nats-token", "postgres-password", "redis-password"))
    for private, public in PAIRS.items():
        (tmp_path / private).touch(mode=0o600)
        for name in (private, public):
            (tmp_path / name).write_bytes(made[name])
        key = load_private_key(tmp_path / private)
        assert key.public_key() == load_public_key(tmp_path / public)


def test_only_what_is_missing_is_made() -> None:
    there = missing({})
    del there["redis-password"], there["identity-public-key"]
    again = missing(there)
    assert again.keys() == {"redis-password", "identity-public-key"}
    assert missing({**there, **again}) == {}


def test_a_public_key_without_its_private_one_is_refused() -> None:
    there = missing({})
    del there["identity-key"]
    with pytest.raises(ConfigurationError, match="identity-public-key is there, and identity-key is not"):
        missing(there)


def test_halves_of_two_keys_are_refused() -> None:
    there = missing({}) | {"identity-public-key": missing({})["identity-public-key"]}
    with pytest.raises(ConfigurationError, match="identity-public-key is not the public half of identity-key"):
        missing(there)


def test_what_is_no_key_is_refused_without_its_content() -> None:
    with pytest.raises(ConfigurationError, match="identity-key holds no private Ed25519 key") as raised:
        missing({"identity-key": b"hunter2"})
    assert "hunter2" not in str(raised.value)
