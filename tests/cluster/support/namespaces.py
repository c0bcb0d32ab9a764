"""Namespaces of the tests' own: new, for restricted pods alone, and gone with the block. Nothing else that these tests
write is outside of one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.support.kube import Kube
from tests.support.target import Target

LABELS = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@contextmanager
def namespace(target: Target, prefix: str, *, keep: str = "") -> Iterator[Kube]:
    """Args: keep: one of that name, which is there afterwards, and may be before."""
    made = Kube(keep or f"{prefix}-{secrets.token_hex(3)}", target.environ)
    try:
        if not made("get", "namespace", made.namespace, "--ignore-not-found"):
            metadata = {"name": made.namespace, "labels": LABELS}
            made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        yield made
    finally:
        if not keep:
            made("delete", "namespace", made.namespace, "--ignore-not-found", "--wait=true", timeout_s=300)
