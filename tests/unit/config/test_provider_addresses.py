"""Where providers are, in the forms in which people write it."""

from __future__ import annotations

import pytest

from routeiq.config.provider_addresses import ADDRESSES, SUFFIXES, anthropic_base, azure_base, openai_base
from routeiq.config.providers import OWN


def test_every_address_of_the_table_is_https_or_local_and_of_our_own() -> None:
    assert all(base.startswith(("https://", "http://127.0.0.1:")) for base in ADDRESSES.values())
    assert not [base for base in ADDRESSES.values() if base.endswith("/")]
    assert ADDRESSES.keys() | SUFFIXES.keys() <= OWN


@pytest.mark.parametrize(
    ("kind", "given", "base"),
    [
        ("openai", None, "https://api.openai.com/v1"),
        ("openai", "https://x.example/y/", "https://x.example/y"),
        ("ollama", None, "http://127.0.0.1:11434/v1"),
        ("ollama", "http://o:1/v1/", "http://o:1/v1"),
        ("openai_like", None, ""),
    ],
)
def test_openais(kind: str, given: str | None, base: str) -> None:
    assert openai_base(kind, given) == base


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/v1/messages"])
def test_anthropics(end: str) -> None:
    assert anthropic_base(f"https://a.example{end}") == "https://a.example/v1"
    assert anthropic_base(None) == "https://api.anthropic.com/v1"


@pytest.mark.parametrize("end", ["", "/", "/openai", "/openai/"])
def test_azures(end: str) -> None:
    assert azure_base(f"https://z.example{end}") == ("https://z.example/openai", True)
    assert azure_base("https://z.example/openai/v1/") == ("https://z.example/openai/v1", False)
