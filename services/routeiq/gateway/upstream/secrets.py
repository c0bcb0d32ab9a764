"""What an upstream may not say of its deployment: the credentials that it was called with, and the host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec

from routeiq.config.state import Deployment
from routeiq.kit.redaction import redacted_bytes, without

_SHORTEST = 8
"""What is shorter is cut out nowhere: it may be any word."""
_NAMES_ONE = re.compile(r"(?i)(?:^|[_-])(?:key|token|secret|password|credentials?|authorization|cookie)s?$")


def secrets_of(deployment: Deployment) -> tuple[bytes, ...]:
    """Its key, and what else of its parameters is called a secret, as text and as JSON has it, the longest first."""
    named = {one for one in (deployment.api_key or "", *_named(deployment.params)) if len(one) >= _SHORTEST}
    said = {one.encode() for one in named} | {msgspec.json.encode(one)[1:-1] for one in named}
    return tuple(sorted(said, key=len, reverse=True))


def scrub(body: bytes, deployment: Deployment) -> bytes:
    """A refusal without them, without the host that `api_base` names, and without what looks like another key."""
    body = redacted_bytes(without(body, secrets_of(deployment)))
    host = urlsplit(deployment.api_base or "").netloc
    return body.replace(host.encode(), b"[upstream]") if host else body


def _named(params: Mapping[str, object]) -> Iterator[str]:
    """At any depth of mappings: `extra_headers` are one. Of `Bearer x`, `x`."""
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from _named(value)
        elif isinstance(value, str) and _NAMES_ONE.search(str(name)):
            yield value
            yield value.rpartition(" ")[2]
