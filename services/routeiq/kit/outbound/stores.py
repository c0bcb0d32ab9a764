"""The servers in which a suite keeps what it knows, as the environment names them: databases, Redis, NATS, and in a
cluster the API of Kubernetes. And how a list names any server of ours: `host:port`.

No URL that somebody gave may lead there. Of one that is named, the name is denied as it is written, and with any domain
behind it where it has none; whoever resolves what he calls denies what the name leads to as well (`OwnAddresses`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qs

from routeiq.kit.outbound.addresses import IPAddress
from routeiq.kit.outbound.hosts import InvalidURL, canonical_host

POSTGRES, REDIS, NATS, KUBERNETES = 5432, 6379, 4222, 443
URLS: Mapping[str, int] = {
    "DATABASE_URL": POSTGRES,
    "ROUTEIQ_CONTROL_DATABASE_URL": POSTGRES,
    "ROUTEIQ_GATEWAY_REDIS_URL": REDIS,
    "ROUTEIQ_NATS_URL": NATS,
}
"""And the ports that they mean where they name none."""
PORTS: Mapping[str, int] = {"http": 80, "https": 443, "redis": REDIS, "rediss": REDIS, "nats": NATS, "tls": NATS}
"""Of an address that names none, by its scheme."""
_END = re.compile("[/?#]")
Server = tuple[IPAddress | str, int]


def stores(environ: Mapping[str, str]) -> Iterator[Server]:
    """Those that can be read; what is wrong with the others is said by who uses them."""
    for name, port in URLS.items():
        yield from servers(environ.get(name, ""), port)
    for name, default in (("REDIS", REDIS), ("KUBERNETES_SERVICE", KUBERNETES)):
        if environ.get(f"{name}_HOST"):
            yield from _server(environ[f"{name}_HOST"], _port(environ.get(f"{name}_PORT", ""), default))


def servers(url: str, default_port: int) -> Iterator[Server]:
    """All that one address names: several with commas between, or in the query as libpq takes them. A file and a socket
    are none."""
    for one in url.split(","):
        authority = _END.split(one.strip().rpartition("://")[2], maxsplit=1)[0]
        yield from _server(authority.rpartition("@")[2], default_port)
    query = parse_qs(url.partition("?")[2])
    port = _port(query.get("port", [""])[0], default_port)
    for text in (*query.get("host", ()), *query.get("hostaddr", ())):
        for host in text.split(","):
            yield from _server(host, port)


def places(urls: str) -> list[str]:
    """`host:port` of each that `urls` names; one without a scheme is NATS'."""
    scheme, has_one, _ = urls.strip().partition("://")
    found = servers(urls, PORTS.get(scheme if has_one else "nats", 0))
    return [f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}" for host, port in found if port]


def server_at(text: str) -> Server:
    """Of `host:port`, an IPv6 address in brackets. Raises: ValueError, InvalidURL: no host."""
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed is not (":" in host) or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("is not host:port")
    return canonical_host(host[1:-1] if bracketed else host), int(port)


def servers_at(places: Iterable[str]) -> Iterator[Server]:
    """Those that can be read; a file and a socket are none."""
    for place in places:
        try:
            yield server_at(place)
        except (InvalidURL, ValueError):
            continue


def _server(text: str, default_port: int) -> Iterator[Server]:
    bare = text if text.count(":") > 1 and not text.startswith("[") else ""
    host, _, port = (bare, "", "") if bare else _parts(text)
    try:
        yield canonical_host(host), _port(port, default_port)
    except InvalidURL:
        return


def _parts(text: str) -> tuple[str, str, str]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, "", rest.removeprefix(":")
    return text.partition(":")


def _port(text: str, default: int) -> int:
    """Kubernetes sets REDIS_PORT=tcp://10.0.0.1:6379 beside a Service that is called `redis`."""
    last = text.rpartition(":")[2]
    return int(last) if last.isascii() and last.isdigit() else default
