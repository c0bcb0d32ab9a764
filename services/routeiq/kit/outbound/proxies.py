"""The proxies that the environment names: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case.

Lower case wins, as in curl. NO_PROXY: names (with everything below them), addresses, networks, each with a port if
need be, or `*`. Loopback is never called through a proxy. A proxy's URL may hold a password: it appears in no text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.outbound.hosts import InvalidURL, Target, parse_url


@dataclass(frozen=True, slots=True)
class Proxies:
    """Immutable and hashable. Empty: every call goes straight."""

    http: str = field(default="", repr=False)
    https: str = field(default="", repr=False)
    exempt: tuple[str, ...] = ()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Raises: ConfigurationError: a proxy that cannot be used, by its variable's name."""
        every = _proxy(environ, "ALL_PROXY")
        no_proxy = environ.get("no_proxy", environ.get("NO_PROXY", ""))
        exempt = tuple(entry.strip().lower() for entry in no_proxy.split(",") if entry.strip())
        return cls(_proxy(environ, "HTTP_PROXY") or every, _proxy(environ, "HTTPS_PROXY") or every, exempt)

    def of(self, url: str) -> str | None:
        """The proxy for `url`; None: none, or not a URL, which whoever calls it will say."""
        if not self.http and not self.https:
            return None
        try:
            target = parse_url(url)
        except InvalidURL:
            return None
        proxy = self.https if target.scheme == "https" else self.http
        return proxy if proxy and not self._is_exempt(target) else None

    def _is_exempt(self, target: Target) -> bool:
        host = str(target.host)
        if host == "localhost" or host.endswith(".localhost") or getattr(target.host, "is_loopback", False):
            return True
        return any(_matches(entry, target, host) for entry in self.exempt)


NO_PROXIES = Proxies()


def _proxy(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name.lower(), environ.get(name, "")).strip()
    if not text:
        return ""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError([f"{name} must be the URL of an http or https proxy"])
    return url


def _matches(entry: str, target: Target, host: str) -> bool:
    if entry == "*":
        return True
    if not isinstance(target.host, str):
        return _matches_address(entry, target, host)
    name, _, port = entry.partition(":")
    name = name.removeprefix("*").lstrip(".")
    return (not port or port == str(target.port)) and bool(name) and (host == name or host.endswith(f".{name}"))


def _matches_address(entry: str, target: Target, host: str) -> bool:
    if entry in (f"{host}:{target.port}", f"[{host}]:{target.port}", f"[{host}]"):
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return False
