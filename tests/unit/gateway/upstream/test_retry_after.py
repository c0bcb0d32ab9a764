"""What is believed of an upstream's `Retry-After`, and what is passed on."""

from __future__ import annotations

import pytest

from routeiq.gateway.upstream.retry_after import passed_on

NOW = 1_700_000_000.0
"""Tue, 14 Nov 2023 22:13:20 GMT."""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("0", b"0"),
        ("7", b"7"),
        ("1.2", b"2"),
        ("86401", b"86400"),
        ("9" * 20, b"86400"),
        ("Tue, 14 Nov 2023 22:14:20 GMT", b"Tue, 14 Nov 2023 22:14:20 GMT"),
        ("Wed, 21 Oct 2099 07:28:00 GMT", b"86400"),
        ("-5", b""),
        ("nan", b""),
        ("1e9", b""),
        ("1_0", b""),
        ("9" * 21, b""),
        ("\u0661", b""),
        ("soon", b""),
        ("", b""),
    ],
)
def test_what_a_client_is_told(given: str, told: bytes) -> None:
    assert passed_on(given, lambda: NOW) == told
