"""Namespaces of the tests' own: new, for restricted pods alone, and gone with the block. Nothing else that these tests
write is outside of one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.support.kube import Kube
from tests.support.target import Target

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@contextmanager
def namespace(target: Target, prefix: str, *, keep: str = "") -> Iterator[Kube]:
    """Args: keep: one of that name, which is there afterwards, and may be before."""
    made = Kube(keep or f"{prefix}-{secrets.token_hex(3)}", target.environ)
    if not made("get", "namespace", made.namespace, "--ignore-not-found"):
        made("create", "namespace", made.namespace)
        made("label", "namespace", made.namespace, RESTRICTED, RESTRICTED.replace("enforce", "warn"))
    try:
        yield made
    finally:
        if not keep:
            made("delete", "namespace", made.namespace, "--wait=true", timeout_s=300)
