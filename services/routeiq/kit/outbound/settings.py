"""Read the policy from the environment names of contract 2.3, the older ones included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any, TypeVar

from routeiq.kit.errors import ConfigurationError, RouteIQError
from routeiq.kit.outbound.addresses import IPNetwork
from routeiq.kit.outbound.hosts import canonical_host
from routeiq.kit.outbound.prefixes import URLPrefix
from routeiq.kit.outbound.proxies import NO_PROXIES, Proxies
from routeiq.kit.outbound.stores import server_at

T = TypeVar("T")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
LOCAL_NAMES = "<local>"
"""Every name without a dot, as lists of proxy exceptions write it. In a cluster those are the namespace's own services,
because its DNS looks there first. `localhost` is none of them."""
OUTBOUND, SSRF = "LLMROUTER_OUTBOUND_", "LLMROUTER_SSRF_"
OWN_SERVICES = "ROUTEIQ_OUTBOUND_OWN_SERVICES"


def read_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Keyword arguments of `OutboundPolicy`, `own_services` as they are written.

    Raises: ConfigurationError: every unreadable value, by its name."""
    reader = _Reader(environ)
    settings = {
        "allow_private": reader.flag(f"{OUTBOUND}ALLOW_PRIVATE") or reader.flag("LLMROUTER_ALLOW_PRIVATE_IPS"),
        "hosts": reader.items(_host, f"{OUTBOUND}HOST_ALLOWLIST", f"{SSRF}ALLOWLIST_HOSTS"),
        "networks": reader.items(_network, f"{OUTBOUND}CIDR_ALLOWLIST", f"{SSRF}ALLOWLIST_CIDRS"),
        "urls": reader.items(URLPrefix.parse, f"{OUTBOUND}URL_ALLOWLIST"),
        "own_services": reader.items(server_at, OWN_SERVICES),
        "dns_timeout_s": reader.number(f"{SSRF}DNS_TIMEOUT", 5.0, above=0.0),
        "dns_cache_ttl_s": reader.number(f"{SSRF}DNS_CACHE_TTL", 60.0),
        "dns_cache_size": int(reader.number(f"{SSRF}DNS_CACHE_SIZE", 1000.0)),
        "proxies": reader.proxies(),
    }
    if reader.problems:
        raise ConfigurationError(reader.problems)
    return settings


def _host(text: str) -> str:
    """`name`, `.suffix`, `*.suffix`, or `<local>`."""
    if text == LOCAL_NAMES:
        return text
    suffix = text.removeprefix("*") if text.startswith("*.") else text
    dot = "." if suffix.startswith(".") else ""
    return dot + str(canonical_host(suffix.removeprefix(".").strip("[]")))


def _network(text: str) -> IPNetwork:
    return ip_network(text, strict=False)


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def flag(self, name: str) -> bool:
        text = self._environ.get(name, "").strip().lower()
        if text not in _TRUE | _FALSE:
            self.problems.append(f"{name} must be true or false")
        return text in _TRUE

    def items(self, read: Callable[[str], T], *names: str) -> tuple[T, ...]:
        """Entries of a list separated by commas, the older name's after the newer's."""
        return tuple(item for name in names for item in self._read_all(read, name))

    def proxies(self) -> Proxies:
        try:
            return Proxies.from_environ(self._environ)
        except ConfigurationError as error:
            self.problems += error.problems
            return NO_PROXIES

    def number(self, name: str, default: float, *, above: float = -1.0) -> float:
        text = self._environ.get(name, "").strip()
        try:
            value = float(text) if text else default
        except ValueError:
            value = -1.0
        if not (value >= 0 and above < value < 1e9):
            self.problems.append(f"{name} must be a number {'above' if above == 0 else 'of at least'} 0")
            return default
        return value

    def _read_all(self, read: Callable[[str], T], name: str) -> Iterator[T]:
        for position, text in enumerate(filter(None, map(str.strip, self._environ.get(name, "").split(","))), start=1):
            try:
                yield read(text)
            except (RouteIQError, ValueError):
                self.problems.append(f"{name}: entry {position} cannot be read")
