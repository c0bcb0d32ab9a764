"""Assertions that no internal port may take."""

from __future__ import annotations

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.kit.principal import Principal, Role
from routeiq.kit.signing import AssertionSigner

ADMIN = Principal("ab" * 32, Role.ADMIN)


def good(key: Ed25519PrivateKey, audience: str) -> str:
    """What the gateway sends."""
    return AssertionSigner(key, "gateway").sign(audience, ADMIN)


def bad(key: Ed25519PrivateKey, audience: str) -> dict[str, str | None]:
    """What is wrong -> the assertion; None: there is none."""
    right = good(key, audience)
    head, _, rest = right.partition(".")
    body, _, seal = rest.partition(".")
    return {
        "none": None,
        "no assertion": "nonsense",
        "another service's": good(key, "another"),
        "expired": AssertionSigner(key, "gateway", lambda: time.time() - 120).sign(audience, ADMIN),
        "of the future": AssertionSigner(key, "gateway", lambda: time.time() + 120).sign(audience, ADMIN),
        "a stranger's": good(Ed25519PrivateKey.generate(), audience),
        "changed": f"{head}.{body[:-4]}AAAA.{seal}",
        "unsigned": f"{head}.{body}.",
    }
