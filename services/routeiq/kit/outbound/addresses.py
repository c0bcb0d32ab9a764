"""How far an IP address reaches, whatever form it takes: an IPv4 address inside an IPv6 one counts as itself.

Sources: RFC 6890 (special purposes, as Python's ipaddress knows them), RFC 4291 (mapped and compatible addresses),
RFC 3056 (6to4), RFC 4380 (Teredo), RFC 6052 and 8215 (NAT64), RFC 5214 (ISATAP), and the clouds' own pages on metadata.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_NAMES = """
metadata metadata.google.internal metadata.goog instance-data instance-data.ec2.internal metadata.azure.internal
metadata.tencentyun.com metadata.oraclecloud.com metadata.platformequinix.com metadata.packet.net
"""
METADATA_HOSTS = frozenset(_NAMES.split())
METADATA: tuple[IPNetwork, ...] = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local: EC2, ECS, EKS, GCE, Azure, OpenStack, DigitalOcean, Tencent
        "fe80::/10",
        "fd00:ec2::/32",  # EC2, EKS
        "fd20:ce::254/128",  # GCE
        "100.100.100.200/32",  # Alibaba
        "192.0.0.192/32",  # Oracle
        "168.63.129.16/32",  # Azure's wire server
        "fd00:42::42/128",  # Scaleway
    )
)
_NO_HOST = (ip_network("0.0.0.0/8"), ip_network("255.255.255.255/32"))
"""Linux routes 0.0.0.0 to itself."""
_COMPATIBLE = ip_network("::/96")
_6TO4 = ip_network("2002::/16")
_TEREDO = ip_network("2001::/32")
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_ISATAP = (0x00005EFE, 0x02005EFE)


class Reach(IntEnum):
    """In order of danger."""

    PUBLIC = 0
    PRIVATE = 1
    """Loopback, private, shared and every other range that the internet does not route."""
    FORBIDDEN = 2
    """Metadata and link-local addresses, and those that name no single host."""


def forms(address: IPAddress) -> tuple[IPAddress, ...]:
    """The address and every IPv4 address that it carries; a mapped address is only the one that it carries."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    return (address, *_embedded(address))


def reach(address: IPAddress) -> Reach:
    """The most dangerous reach of its forms."""
    return max(_reach(form) for form in forms(address))


def inside(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def plain(text: str) -> IPAddress:
    """Parse without a scope id. Raises: ValueError."""
    return ip_address(text.partition("%")[0])


def _embedded(address: IPv6Address) -> Iterable[IPv4Address]:
    number = int(address)
    if address in _6TO4:
        yield IPv4Address((number >> 80) & 0xFFFFFFFF)
    if address in _TEREDO:
        yield IPv4Address((number >> 64) & 0xFFFFFFFF)
        yield IPv4Address(~number & 0xFFFFFFFF)
    compatible = address in _COMPATIBLE and number > 0xFFFF
    if inside(address, _NAT64) or compatible or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)


def _reach(address: IPAddress) -> Reach:
    if address.is_unspecified or address.is_multicast or inside(address, METADATA) or inside(address, _NO_HOST):
        return Reach.FORBIDDEN
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE


def leads_to(address: IPAddress, own: Iterable[IPAddress]) -> bool:
    """Whether any of its forms is one of those."""
    return any(_same_machine(form, one) for one in own for form in forms(address))


def _same_machine(address: IPAddress, own: IPAddress) -> bool:
    """A service on loopback may listen on all of it."""
    return address == own or (address.is_loopback and (own.is_loopback or own.is_unspecified))
