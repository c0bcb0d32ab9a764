"""What a service says goes before the defaults, and what an operator says of its environment before the chart."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.chart import Rendering, read, template


def rendered(values: str) -> Rendering:
    return read("test", template("default", values=values))


def environment(chart: Rendering) -> list[tuple[str, Any]]:
    (container,) = chart.component("gateway").containers
    return [(one["name"], one.get("value", one.get("valueFrom"))) for one in container["env"]]


def test_zero_and_false_override_defaults_too() -> None:
    chart = rendered(
        "defaults: { replicas: 2, topologySpread: { enabled: true } }\n"
        "services: { routing: { replicas: 0, topologySpread: { enabled: false } }, mcp-registry: { enabled: false } }"
    )
    deployments = chart.named("Deployment")
    routing = deployments["rq-routeiq-routing"]["spec"]
    assert routing["replicas"] == 0
    assert "topologySpreadConstraints" not in routing["template"]["spec"]
    assert deployments["rq-routeiq-control"]["spec"]["replicas"] == 2
    assert "rq-routeiq-mcp-registry" not in deployments


@pytest.mark.parametrize("service", ["gateway", "config-sync"])
def test_null_takes_a_default_away(service: str) -> None:
    """Whether values.yaml has one of the service's own or not."""
    said = "resources: { limits: { memory: null } }, nodeSelector: { kubernetes.io/os: null }"
    chart = rendered(f"services: {{ {service}: {{ {said} }} }}")
    pod = chart.component(service)
    assert "memory" in pod.containers[0]["resources"]["requests"]
    assert "memory" not in (pod.containers[0]["resources"]["limits"] or {})
    assert "nodeSelector" not in pod.spec
    assert chart.component("routing").containers[0]["resources"]["limits"]["memory"]


def test_without_its_own_limits_a_service_has_none() -> None:
    resources = rendered("services: { routing: { resources: null } }").component("routing").containers[0]["resources"]
    assert not resources.get("limits")
    assert not resources.get("requests")


def test_a_limit_of_all_reaches_who_has_others_of_its_own() -> None:
    chart = rendered("defaults: { resources: { limits: { ephemeral-storage: 1Gi, memory: 1Mi } } }")
    limits = chart.component("gateway").containers[0]["resources"]["limits"]
    assert limits == {"ephemeral-storage": "1Gi", "memory": "1Gi"}


def test_a_scaled_service_has_no_replicas_of_its_own() -> None:
    chart = rendered("services: { routing: { replicas: 4, autoscaling: { enabled: true } } }")
    assert "replicas" not in chart.named("Deployment")["rq-routeiq-routing"]["spec"]


def test_environment_of_the_operator_wins_and_stands_once() -> None:
    chart = rendered(
        "services: { gateway: { env: { ROUTEIQ_GATEWAY_MAX_CONCURRENCY: 7, ROUTEIQ_GATEWAY_STATE_DIR: /mine,"
        " ROUTEIQ_GATEWAY_REDIS_URL: '' },"
        " extraEnv: [{ name: LITELLM_MASTER_KEY, valueFrom: { secretKeyRef: { name: mine, key: k } } }] } }"
    )
    found = environment(chart)
    assert len(dict(found)) == len(found)
    assert dict(found)["ROUTEIQ_GATEWAY_MAX_CONCURRENCY"] == "7"
    assert dict(found)["ROUTEIQ_GATEWAY_STATE_DIR"] == "/mine"
    assert dict(found)["ROUTEIQ_GATEWAY_REDIS_URL"] == ""
    assert dict(found)["LITELLM_MASTER_KEY"] == {"secretKeyRef": {"name": "mine", "key": "k"}}


def test_provider_keys_come_from_secrets_to_gateway_and_control_alone() -> None:
    chart = rendered(
        "providers: { existingSecret: keys, env: [{ name: A_KEY }, { name: B_KEY, secret: other, key: t }] }"
    )
    assert dict(environment(chart))["A_KEY"] == {"secretKeyRef": {"name": "keys", "key": "A_KEY"}}
    assert dict(environment(chart))["B_KEY"] == {"secretKeyRef": {"name": "other", "key": "t"}}
    has = {
        pod.component
        for pod in chart.pods
        for one in pod.containers
        for env in one.get("env", ())
        if env["name"] == "A_KEY"
    }
    assert has == {"gateway", "control"}


def test_an_ingress_lets_streams_through_and_takes_other_words_for_it() -> None:
    chart = rendered(
        "ingress: { enabled: true, annotations: { nginx.ingress.kubernetes.io/proxy-read-timeout: '9' } }\n"
        "drain: { maxStreamSeconds: 900 }"
    )
    (ingress,) = chart.of("Ingress")
    said = {name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()}
    assert said["proxy-buffering"] == "off"
    assert (said["proxy-read-timeout"], said["proxy-send-timeout"]) == ("9", "900")


def test_a_gateway_that_is_offered_outside_keeps_its_metrics_inside() -> None:
    services = rendered("services: { gateway: { service: { type: LoadBalancer } } }").named("Service")
    offered = services["rq-routeiq-gateway"]["spec"]
    assert (offered["type"], [port["name"] for port in offered["ports"]]) == ("LoadBalancer", ["http"])
    inside = services["rq-routeiq-gateway-ops"]["spec"]
    assert (inside.get("type"), [port["port"] for port in inside["ports"]]) == (None, [4001])


def test_another_revision_of_the_keys_restarts_every_service() -> None:
    chart = rendered("secrets: { revision: '2' }")
    for one in chart.of("Deployment"):
        assert one["spec"]["template"]["metadata"]["annotations"]["routeiq/keys-revision"] == "2"
