"""How far an address reaches, in whatever form it is written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.kit.outbound.addresses import Reach, forms, reach

FORBIDDEN = [
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.23", "100.100.100.200", "192.0.0.192",
    "168.63.129.16", "0.0.0.0", "0.1.2.3",
    "255.255.255.255", "224.0.0.1", "::", "ff02::1", "fe80::a9fe:a9fe", "fe80::1", "fd00:ec2::254", "fd00:ec2::23",
    "fd20:ce::254", "fd00:42::42",
]  # fmt: skip
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "240.0.0.1",
    "::1",
    "fc00::1",
    "fd12::1",
    "192.0.2.1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "168.63.129.17", "100.128.0.1"]


def carriers(address: IPv4Address) -> list[IPv6Address]:
    """Every IPv6 form that leads to an IPv4 address."""
    number = int(address)
    prefixes = {
        "mapped": 0xFFFF << 32, "compatible": 0, "nat64": 0x64FF9B << 96, "nat64 local": (0x64FF9B << 96) | (1 << 80),
        "isatap": (0x20010DB8 << 96) | (0x5EFE << 32), "isatap global": (0x2A00 << 112) | (0x02005EFE << 32),
    }  # fmt: skip
    low = [IPv6Address(prefix | number) for prefix in prefixes.values()]
    sixtofour = IPv6Address((0x2002 << 112) | (number << 80) | 1)
    teredo = IPv6Address((0x20010000 << 96) | (0x01010101 << 64) | (~number & 0xFFFFFFFF))
    return [*low, sixtofour, teredo, IPv6Address((0x20010000 << 96) | (number << 64) | 0xFEFEFEFE)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [(text, Reach.FORBIDDEN) for text in FORBIDDEN]
    + [(text, Reach.PRIVATE) for text in PRIVATE]
    + [(text, Reach.PUBLIC) for text in PUBLIC],
)
def test_reach(text: str, expected: Reach) -> None:
    assert reach(ip_address(text)) is expected


@pytest.mark.parametrize("text", [text for text in FORBIDDEN + PRIVATE if "." in text])
def test_ipv4_address_inside_ipv6_is_as_dangerous(text: str) -> None:
    address = IPv4Address(text)
    for carrier in carriers(address):
        assert reach(carrier) >= reach(address), carrier


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_form_of_an_ipv4_address_reaches_further(address: IPv4Address) -> None:
    assert all(reach(carrier) >= reach(address) for carrier in carriers(address) if int(address) > 0xFFFF)


def test_mapped_address_is_only_what_it_carries() -> None:
    assert forms(ip_address("::ffff:1.1.1.1")) == (IPv4Address("1.1.1.1"),)
    assert reach(ip_address("::ffff:1.1.1.1")) is Reach.PUBLIC
