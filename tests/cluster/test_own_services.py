"""Nobody's provider leads to a service or store of the suite, by whatever name the cluster has for it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.cluster.support.gateway import Admin
from tests.cluster.support.kube import Kube, name_of
from tests.cluster.support.release import Release

PORTS = {"gateway": 4001, "routing": 50061, "control": 8130, "config-sync": 8140, "nats": 8222, "postgres": 5432}
NEVER = "the URL leads to an address that must never be called"


def refusal(admin: Admin, url: str) -> str:
    """What is said of a provider there."""
    provider: dict[str, Any] = {
        "name": "own", "display_name": "Own", "api_key": "sk-own-1234567890", "base_url": url, "models": ["m"],
    }  # fmt: skip
    with pytest.raises(httpx.HTTPStatusError) as refused:
        admin.post("/api/v1/providers", provider)
    assert refused.value.response.status_code == 422
    return refused.value.response.text


@pytest.mark.parametrize("part", PORTS)
def test_none_by_its_names(admin: Admin, release: Release, kube: Kube, part: str) -> None:
    service, namespace, port = f"{release.fullname}-{part}", kube.namespace, PORTS[part]
    pod = name_of(kube.pods(part)[0])
    for domain in ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local"):
        host = f"{service}{domain}"
        assert NEVER in refusal(admin, f"http://{host}:{port}/v1")
        assert NEVER in refusal(admin, f"http://{pod}.{host}:{port}/v1")


@pytest.mark.parametrize("part", ["nats", "control"])
def test_none_by_its_address(admin: Admin, release: Release, kube: Kube, part: str) -> None:
    address = kube.get("service", f"{release.fullname}-{part}")["spec"]["clusterIP"]
    for ip in (address, kube.pods(part)[0]["status"]["podIP"]):
        assert "the URL" in refusal(admin, f"http://{ip}:{PORTS[part]}/v1")
