"""The rules for outbound calls (contract 3.10). Deny beats allow, by address and port.

Never: metadata and link-local addresses, our own services and stores, other schemes, URLs with more than one reading.
Private addresses, loopback included: refused, unless `allow_private`, or the operator's allow-lists name the URL, the
host or the network, or the URL stands in the operator's own document. A caller's URL profits from no list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from routeiq.kit.errors import InvalidRequest
from routeiq.kit.outbound.addresses import (
    METADATA_HOSTS,
    IPAddress,
    IPNetwork,
    Reach,
    forms,
    inside,
    leads_to,
    plain,
    reach,
)
from routeiq.kit.outbound.hosts import Target, canonical_host, parse_url
from routeiq.kit.outbound.prefixes import URLPrefix
from routeiq.kit.outbound.proxies import NO_PROXIES, Proxies
from routeiq.kit.outbound.settings import LOCAL_NAMES, read_settings
from routeiq.kit.outbound.stores import Server, stores

LOCALHOST = plain("127.0.0.1")
NEVER = "the URL leads to an address that must never be called"


class Origin(StrEnum):
    """On whose word a URL is called."""

    DOCUMENT = "document"
    """The operator's own configuration document."""
    OPERATOR = "operator"
    """An administrator through the API: registered agents, MCP servers, providers."""
    CALLER = "caller"
    """A request: push callbacks, redirect URIs, image URLs."""


class OutboundRefused(InvalidRequest):
    """The policy forbids the address. The text names neither the URL nor the address that a name led to."""

    code = "ssrf_blocked"


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Immutable. `hosts`: exact names, `.suffix` for what is below, or `<local>`. `own_services`: hosts and ports."""

    allow_private: bool = False
    hosts: tuple[str, ...] = ()
    networks: tuple[IPNetwork, ...] = ()
    urls: tuple[URLPrefix, ...] = ()
    own_services: frozenset[Server] = frozenset()
    dns_timeout_s: float = 5.0
    dns_cache_ttl_s: float = 60.0
    dns_cache_size: int = 1000
    proxies: Proxies = NO_PROXIES
    """For clients that can use one; the policy itself looks at the URL alone."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """From the LLMROUTER_* and proxy names; denied are our own services as the environment names them, and the
        suite's stores.

        Raises: ConfigurationError: every unreadable value, by its name."""
        settings = read_settings(environ)
        own: tuple[Server, ...] = settings.pop("own_services")
        return cls(**settings).with_own_services([*own, *stores(environ)])

    def with_own_services(self, services: Iterable[tuple[IPAddress | str, int]]) -> Self:
        """The policy that also denies these; 0.0.0.0 and :: stand for loopback. Raises: InvalidURL: no host."""
        added = {(form, port) for host, port in services for form in _forms_of(str(host))}
        return replace(self, own_services=self.own_services | added)

    def check_url(self, url: str, origin: Origin = Origin.OPERATOR) -> Target:
        """What can be said without DNS: for registration, and for every request whose host may be an address.

        Raises: InvalidURL: not a URL that has one reading.  OutboundRefused.
        """
        target = parse_url(url)
        if isinstance(target.host, str):
            self._check_name(target, origin)
        else:
            self.check_address(target, target.host, origin)
        return target

    def check_address(self, target: Target, address: IPAddress, origin: Origin) -> None:
        """Whether `target`'s host may be `address`. Raises: OutboundRefused."""
        far = reach(address)
        if far is Reach.FORBIDDEN or self._is_own(address, target.port) or self._is_named(target):
            raise OutboundRefused(NEVER)
        if far is Reach.PRIVATE and not self._private_allowed(target, address, origin):
            raise OutboundRefused("the URL leads to a private address; LLMROUTER_OUTBOUND_* can allow it")

    def check_host(self, host: str, port: int, address: IPAddress, origin: Origin) -> None:
        """The same where only host and port are known, as in a resolver: a listed URL then opens all of its port."""
        target = Target("", canonical_host(host), port, "")
        self.check_address(target, address, origin)

    def own_names(self, port: int) -> tuple[str, ...]:
        """Of our own services at that port. Who has DNS denies what they lead to, whatever the URL calls it."""
        return tuple(own for own, own_port in self.own_services if own_port == port and isinstance(own, str))

    def _check_name(self, target: Target, origin: Origin) -> None:
        if target.host in METADATA_HOSTS or self._is_named(target):
            raise OutboundRefused(NEVER)
        if target.host == "localhost" or str(target.host).endswith(".localhost"):
            self.check_address(target, LOCALHOST, origin)

    def _private_allowed(self, target: Target, address: IPAddress, origin: Origin) -> bool:
        if self.allow_private or origin is Origin.DOCUMENT:
            return True
        if origin is Origin.CALLER:
            return False
        listed = any(prefix.covers(target) for prefix in self.urls) or self._host_listed(target.host)
        return listed or all(inside(form, self.networks) for form in forms(address) if reach(form) is Reach.PRIVATE)

    def _host_listed(self, host: IPAddress | str) -> bool:
        name = str(host)
        if LOCAL_NAMES in self.hosts and isinstance(host, str) and "." not in name and name != "localhost":
            return True
        return any(name == entry or (entry.startswith(".") and name.endswith(entry)) for entry in self.hosts)

    def _is_own(self, address: IPAddress, port: int) -> bool:
        at_port = (own for own, own_port in self.own_services if own_port == port)
        return leads_to(address, (own for own in at_port if not isinstance(own, str)))

    def _is_named(self, target: Target) -> bool:
        """As it is written, or a name without a dot with a domain behind it, or before that one of its pods."""
        labels = str(target.host).split(".")
        return not self.own_services.isdisjoint((name, target.port) for name in (target.host, *labels))


def _forms_of(host: str) -> tuple[IPAddress | str, ...]:
    """Raises: InvalidURL."""
    try:
        return forms(plain(host))
    except ValueError:
        name = canonical_host(host)
        return (LOCALHOST,) if name == "localhost" else (name,)
