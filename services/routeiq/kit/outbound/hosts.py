"""Take a URL apart the strict way, so that every client after us reads the same host from it.

Forms that only some parsers accept are refused: userinfo, backslashes, control characters, percent signs or zone ids in
the host, and IPv4 addresses in other than four decimal parts (`2130706433`, `0x7f.1`, `0177.0.0.1`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from routeiq.kit.errors import InvalidRequest
from routeiq.kit.outbound.addresses import IPAddress

MAX_LENGTH = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_NETLOC = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:%/?#]+)(?::[0-9]*)?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class InvalidURL(InvalidRequest):
    """Not an http or https URL that has one reading. The text never repeats the URL: its query may hold a secret."""

    code = "invalid_url"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. `host`: an address, or a name in lower-case ASCII without a final dot."""

    scheme: str
    host: IPAddress | str
    port: int
    path: str


def parse_url(url: str) -> Target:
    """Raises: InvalidURL."""
    if len(url) > MAX_LENGTH or _UNSAFE.search(url):
        raise InvalidURL("the URL is too long for a URL or holds characters that no URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidURL("the URL is not a valid URL") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidURL("the URL must be an http or https URL")
    if port == 0:
        raise InvalidURL("the URL has a port that cannot be called")
    return Target(parts.scheme, canonical_host(_host(parts)), port or DEFAULT_PORTS[parts.scheme], parts.path or "/")


def canonical_host(host: str) -> IPAddress | str:
    """One form for each host. Raises: InvalidURL: it is none, or one that only some resolvers understand."""
    name = _ascii(host).lower().removesuffix(".")
    if ":" in name:
        return _ipv6(name)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(name)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidURL("the URL has no valid host name")
    return name


def _host(parts: SplitResult) -> str:
    if "@" in parts.netloc:
        raise InvalidURL("the URL must not hold a user name or password")
    if not _NETLOC.fullmatch(parts.netloc) or not parts.hostname:
        raise InvalidURL("the URL has no valid host name")
    return parts.hostname


def _ascii(host: str) -> str:
    """International names as resolvers ask for them; full-width digits and dots become plain ones on the way."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise InvalidURL("the URL has no valid host name") from None


def _ipv4(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise InvalidURL("the URL has an IPv4 address in other than four decimal parts") from None


def _ipv6(text: str) -> IPv6Address:
    try:
        return IPv6Address(text)
    except ValueError:
        raise InvalidURL("the URL has no valid IPv6 address") from None
