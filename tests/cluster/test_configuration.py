"""`kubectl edit` of the ConfigMap: every pod serves by the new document in seconds, and a broken one goes nowhere."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import yaml

from tests.cluster.support.figures import Note
from tests.cluster.support.gateway import Admin
from tests.cluster.support.kube import Document, Kube, name_of, until
from tests.cluster.support.load import Load
from tests.cluster.support.release import Release
from tests.cluster.support.values import DOCUMENT

APPLIED_S = 10.0
KEY = "config.yaml"


@pytest.fixture
def config_map(release: Release, kube: Kube, admin: Admin) -> Iterator[str]:
    """Its name. Afterwards it says again what it said, and every pod has that."""
    name = next(name_of(one) for one in kube.items("configmaps") if KEY in one.get("data", {}) and _is_ours(one))
    before, version = kube.get("configmap", name)["data"][KEY], admin.get("/config/sync/status")["version"]
    yield name
    put(kube, name, before)
    until(lambda: serves(admin, version), 30, "every pod has the old one")


def _is_ours(document: Document) -> bool:
    return "model_list" in document["data"][KEY]


def put(kube: Kube, name: str, text: str) -> None:
    kube("patch", "configmap", name, "--type=merge", "-p", json.dumps({"data": {KEY: text}}))


def with_model(name: str) -> str:
    more = {"model_name": name, "litellm_params": {"model": f"simulated/{name}"}}
    return yaml.safe_dump({**DOCUMENT, "model_list": [*DOCUMENT["model_list"], more]})


def number(status: Document) -> int:
    """Of the release that all are to have."""
    return int(status["release"]["number"]) if status["release"] else 0


def serves(admin: Admin, version: str) -> bool:
    """Whether all do so by that document."""
    status = admin.get("/config/sync/status")
    return bool(status["version"] == version and not status["laggards"])


def behind(admin: Admin, release: int) -> list[str]:
    """Who does not serve by that release, or a later one. The status may be some seconds old."""
    status = admin.get("/config/sync/status")
    return [str(one) for one in status["laggards"]] if number(status) >= release else ["no release yet"]


def test_a_change_is_applied_by_every_pod_without_a_failure(
    admin: Admin, kube: Kube, config_map: str, load: Load, note: Note
) -> None:
    pods = {name_of(pod) for service in ("gateway", "routing", "control") for pod in kube.pods(service)}
    known = number(admin.get("/config/sync/status"))
    with load.running() as seen:
        load.wait(requests=10)
        begun = time.monotonic()
        put(kube, config_map, with_model("added"))
        until(lambda: not behind(admin, known + 1), 30, "every pod has applied it", every_s=0.2)
        took = time.monotonic() - begun
        models = [one["id"] for one in admin.get("/v1/models")["data"]]
        load.wait(requests=seen.sent + 30)
    status = admin.get("/config/sync/status")
    note(f"applied by {status['replicas']} in {took:.1f} s; {seen}")
    assert took <= APPLIED_S
    assert "added" in models
    assert (seen.failed, seen.cut) == ([], [])
    assert len(seen.versions) >= 2
    assert {name_of(pod) for service in ("gateway", "routing", "control") for pod in kube.pods(service)} == pods


def test_a_broken_one_is_refused_and_named(admin: Admin, kube: Kube, config_map: str, load: Load, note: Note) -> None:
    before = admin.get("/config/sync/status")
    with load.running() as seen:
        put(kube, config_map, yaml.safe_dump({**DOCUMENT, "router_settings": {"routing_strategy": "by-dice"}}))
        refused = until(lambda: _refused(admin, before), 30, "the status names what is wrong with it")
        load.wait(requests=30)
    note(f"refused: {refused}; {seen}")
    assert "router_settings.routing_strategy" in json.dumps(refused)
    after = admin.get("/config/sync/status")
    assert (after["version"], after["laggards"]) == (before["version"], [])
    assert (seen.failed, seen.cut) == ([], [])


def _refused(admin: Admin, before: Document) -> object:
    status = admin.get("/config/sync/status")
    return status["refused"] if status["refused"] != before["refused"] else None
