"""The configuration document on its way into pods: who reads it when, and what a change of it restarts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from routeiq.config.start import start_with
from tests.support.chart import CHART, SERVICES, Rendering, read, rendering, run_helm, template

MODELS = "config: { document: { model_list: [{ model_name: a, litellm_params: { model: simulated/a } }] } }"
NO_FLEET = "services: { config-sync: { enabled: false } }"
FROM_S3 = "config: { source: s3, s3: { bucket: b, key: k } }"
DOCUMENT = "rq-routeiq-document"


def rendered(*values: str) -> Rendering:
    return read("test", template("default", values="\n".join(values)))


def pod_hashes(chart: Rendering) -> dict[str, str]:
    """What makes a Deployment roll."""
    return {
        service: hashlib.sha256(yaml.safe_dump([pod.metadata, pod.spec]).encode()).hexdigest()
        for service in SERVICES
        for pod in chart.pods
        if pod.component == service
    }


def volumes(chart: Rendering, service: str) -> set[str]:
    return {volume["configMap"]["name"] for volume in chart.component(service).spec["volumes"] if "configMap" in volume}


def environment(chart: Rendering, service: str) -> dict[str, str]:
    (container,) = chart.component(service).containers
    return {one["name"]: one.get("value", "") for one in container["env"]}


def test_the_simulated_models_are_a_document_that_serves(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(rendering("default").named("ConfigMap")[DOCUMENT]["data"]["config.yaml"])
    start = start_with(path, {})
    assert (start.state.warnings, [one["model_name"] for one in start.loaded.raw["model_list"]]) == (
        (),
        ["small", "large"],
    )


def test_a_change_of_the_document_restarts_nobody() -> None:
    before, after = rendering("default"), rendered(MODELS)
    assert before.named("ConfigMap")[DOCUMENT] != after.named("ConfigMap")[DOCUMENT]
    assert pod_hashes(before) == pod_hashes(after)


def test_without_config_sync_it_restarts_those_who_read_it() -> None:
    before, after = pod_hashes(rendered(NO_FLEET)), pod_hashes(rendered(NO_FLEET, MODELS))
    assert {service for service in before if before[service] != after[service]} == {"gateway", "control"}


def test_a_gateway_waits_for_the_fleet_and_mounts_no_document_of_its_own() -> None:
    chart = rendering("default")
    assert environment(chart, "gateway")["ROUTEIQ_GATEWAY_CONFIG_FROM"] == "fleet"
    assert (volumes(chart, "gateway"), volumes(chart, "control")) == (set(), {DOCUMENT})


def test_without_config_sync_a_gateway_reads_its_own() -> None:
    chart = rendered(NO_FLEET)
    assert "ROUTEIQ_GATEWAY_CONFIG_FROM" not in environment(chart, "gateway")
    assert environment(chart, "gateway")["LITELLM_CONFIG_PATH"] == "/etc/routeiq/document/config.yaml"
    assert volumes(chart, "gateway") == {DOCUMENT}


def test_from_a_bucket_there_is_no_config_map() -> None:
    chart = rendered(FROM_S3)
    assert DOCUMENT not in chart.named("ConfigMap")
    assert volumes(chart, "control") == set()
    assert "LITELLM_CONFIG_PATH" not in environment(chart, "control")


@pytest.mark.parametrize(("values", "model"), [("{}", "auto"), (MODELS, "auto"), ("tests: { model: small }", "small")])
def test_what_helm_prints_asks_the_model_of_the_test(values: str, model: str) -> None:
    """`auto` is there with any document that has a chat model."""
    said = run_helm("install", "rq", str(CHART), "--dry-run=client", "-f", "-", values=values).partition("NOTES:")[2]
    assert f'{{"model": "{model}", "messages"' in said


@pytest.mark.parametrize("name", [DOCUMENT, "mine"])
def test_config_sync_may_read_that_config_map_alone(name: str) -> None:
    chart = rendered("{}" if name == DOCUMENT else "config: { existingConfigMap: mine }")
    rules = chart.named("Role")["rq-routeiq-config-sync"]["rules"]
    (about,) = [rule for rule in rules if "configmaps" in rule["resources"]]
    assert (about["resourceNames"], about["verbs"]) == ([name], ["get", "list", "watch"])
    assert environment(chart, "config-sync")["ROUTEIQ_CONFIG_SYNC_CONFIGMAP"] == f"suite/{name}/config.yaml"


def test_the_lease_is_the_one_that_config_sync_takes() -> None:
    chart = rendering("default")
    lock = environment(chart, "config-sync")["LLMROUTER_CONFIG_SYNC_LOCK_NAME"]
    rules = chart.named("Role")["rq-routeiq-config-sync"]["rules"]
    (about,) = [rule for rule in rules if "leases" in rule["resources"] and "resourceNames" in rule]
    assert (about["resourceNames"], about["verbs"]) == ([f"routeiq-{lock}"], ["get", "update"])
