"""Whoever names something else in the release names something that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.support.chart import COMPONENT, SERVICES, Object, Pod, Rendering

BROUGHT = {
    "Secret": {
        "routeiq-keys", "routeiq-s3", "provider-keys", "anthropic", "openai", "routeiq-postgres", "routeiq-redis",
        "routeiq-nats", "otlp", "registry", "ai-tls",
    },
    "ConfigMap": {"proxy", "authority"},
    "PersistentVolumeClaim": {"database", "journals"},
}  # fmt: skip
"""What the values files name as the operator's own."""
MADE_BY_A_JOB = {"rq-routeiq-keys"}
OWN = "ROUTEIQ_OUTBOUND_OWN_SERVICES"
"""Where nobody's URL may lead, and so no address of whom a service calls."""
ADDRESS = re.compile(r"(?:^|[/@,])((?:rq|routeiq)-[a-z0-9-]+):(\d+)")


def test_selectors_choose_their_own_pods_and_no_others(chart: Rendering) -> None:
    for one in chart.of("Deployment", "StatefulSet"):
        labels = one["spec"]["selector"]["matchLabels"]
        chosen = [pod for pod in chart.pods if pod.has(labels)]
        assert [pod.owner for pod in chosen] == [one]


def test_each_port_of_a_service_is_one_of_its_pods(chart: Rendering) -> None:
    for service in chart.of("Service"):
        pods = [pod for pod in chart.pods if pod.has(service["spec"]["selector"])]
        assert len(pods) == 1, service["metadata"]["name"]
        names = {port["name"]: port["containerPort"] for port in _ports(pods[0])}
        for port in service["spec"]["ports"]:
            assert names[port["targetPort"]] == port["port"], service["metadata"]["name"]


def test_each_pod_that_lives_has_a_service(chart: Rendering) -> None:
    for pod in (one for one in chart.pods if one.lives):
        assert any(pod.has(service["spec"]["selector"]) for service in chart.of("Service")), pod.name


def test_no_second_port_is_reached_from_outside(chart: Rendering) -> None:
    outside = [one for one in chart.of("Service") if one["spec"].get("type", "ClusterIP") != "ClusterIP"]
    assert {port["name"] for one in outside for port in one["spec"]["ports"]} <= {"http", "api"}
    assert bool(outside) == ("everything" in chart.name)


def test_the_older_port_is_the_gateways(everything: Rendering) -> None:
    """Where it listens, where it is called, and where policies let in whom they let in at 4000."""
    gateway = everything.component("gateway")
    assert _environment(gateway)["ROUTEIQ_GATEWAY_API_PORT"] == "8200"
    assert {port["name"]: port["containerPort"] for port in _ports(gateway)}["api"] == 8200
    service = everything.named("Service")["rq-gateways-gateway"]["spec"]
    assert {port["name"]: port["port"] for port in service["ports"]} == {"http": 4000, "api": 8200}
    (rule, *_) = everything.named("NetworkPolicy")["rq-gateways-gateway"]["spec"]["ingress"]
    assert {port["port"] for port in rule["ports"]} == {4000, 8200}


def test_a_service_outside_is_as_values_say(everything: Rendering) -> None:
    spec = everything.named("Service")["rq-gateways-gateway"]["spec"]
    assert spec["externalTrafficPolicy"] == "Local"
    assert spec["loadBalancerClass"] == "example.com/lb"
    assert spec["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    assert (spec["ipFamilyPolicy"], spec["ipFamilies"]) == ("PreferDualStack", ["IPv4"])


def test_addresses_in_the_environment_are_services_with_that_port(chart: Rendering) -> None:
    services = {name: {port["port"] for port in one["spec"]["ports"]} for name, one in chart.named("Service").items()}
    found = 0
    for pod in chart.pods:
        for host, port in _addresses(pod):
            assert int(port) in services[host], f"{pod.name}: {host}:{port}"
            found += 1
    assert found >= 6


def test_each_service_knows_all_that_the_release_listens_on(chart: Rendering) -> None:
    """No URL may lead there: every port of every Service, and of every container behind one."""
    wanted = set()
    for service in chart.of("Service"):
        (pod,) = [one for one in chart.pods if one.has(service["spec"]["selector"])]
        name, kept_inside = service["metadata"]["name"], {one["port"] for one in service["spec"]["ports"]}
        if pod.component in ("postgres", "redis", "nats"):
            kept_inside |= {port["containerPort"] for port in _ports(pod)}
        wanted |= {f"{name}:{port}" for port in kept_inside}
    for name in SERVICES:
        said = _environment(chart.component(name))[OWN].split(",")
        assert len(said) == len(set(said))
        assert wanted <= set(said), name
        assert {one.partition(":")[0] for one in said} == {one.partition(":")[0] for one in wanted}


def test_gateways_and_config_sync_reach_each_routing_pod_by_itself(chart: Rendering) -> None:
    headless = {name for name, one in chart.named("Service").items() if one["spec"].get("clusterIP") == "None"}
    for component, variable in (
        ("gateway", "ROUTEIQ_GATEWAY_ROUTING_ADDRESS"),
        ("config-sync", "ROUTEIQ_CONFIG_SYNC_ROUTING_ADDRESS"),
    ):
        assert _environment(chart.component(component))[variable].removesuffix(":50051") in headless


def test_secrets_config_maps_and_claims_that_pods_want_are_there(chart: Rendering) -> None:
    for pod in chart.pods:
        for kind, name in _wanted(pod):
            there = chart.named(kind).keys() | BROUGHT[kind] | (MADE_BY_A_JOB if kind == "Secret" else set())
            assert name in there, f"{pod.name} wants {kind}/{name}"


def test_keys_that_a_job_makes_are_the_keys_that_pods_read(chart: Rendering) -> None:
    jobs = {pod.component for pod in chart.pods}
    reads = {name for pod in chart.pods for kind, name in _wanted(pod) if kind == "Secret"}
    assert ("keys" in jobs) == bool(reads & MADE_BY_A_JOB)


def test_edges_lead_to_the_gateway(chart: Rendering) -> None:
    (gateway,) = [name for name in chart.named("Service") if name.endswith("-gateway")]
    for ingress in chart.of("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                assert path["backend"]["service"] == {"name": gateway, "port": {"name": "http"}}
    for route in chart.of("HTTPRoute"):
        for rule in route["spec"]["rules"]:
            assert [(one["name"], one["port"]) for one in rule["backendRefs"]] == [(gateway, 4000)]


def test_roles_are_bound_to_accounts_that_are_there(chart: Rendering) -> None:
    for binding in chart.of("RoleBinding"):
        assert binding["roleRef"]["name"] in chart.named("Role")
        for subject in binding["subjects"]:
            assert subject["namespace"] == chart.namespace
            assert subject["name"] in chart.named("ServiceAccount")


def test_roles_reach_no_further_than_one_object(chart: Rendering) -> None:
    assert not chart.of("ClusterRole", "ClusterRoleBinding")
    for role in chart.of("Role"):
        for rule in role["rules"]:
            assert rule.get("resourceNames") or rule["verbs"] == ["create"], rule


def test_prometheus_reads_each_service_once(everything: Rendering) -> None:
    (monitor,) = everything.of("ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    (drop,) = endpoint["relabelings"]
    services = [
        name
        for name, one in everything.named("Service").items()
        if monitor["spec"]["selector"]["matchLabels"].items() <= one["metadata"]["labels"].items()
        and any(port["name"] == endpoint["port"] for port in one["spec"]["ports"])
        and not re.fullmatch(drop["regex"], name)
    ]
    components = [everything.named("Service")[name]["spec"]["selector"][COMPONENT] for name in services]
    assert sorted(components) == sorted(SERVICES)


def _ports(pod: Pod) -> list[Any]:
    return [port for container in pod.containers for port in container.get("ports", ())]


def _environment(pod: Pod) -> dict[str, str]:
    return {one["name"]: str(one.get("value", "")) for container in pod.containers for one in container.get("env", ())}


def _addresses(pod: Pod) -> Iterator[tuple[str, str]]:
    for name, value in _environment(pod).items():
        if name != OWN:
            yield from ADDRESS.findall(value)


def _wanted(pod: Pod) -> Iterator[tuple[str, str]]:
    """Kind and name."""
    for one in (variable.get("valueFrom", {}) for container in pod.containers for variable in container.get("env", ())):
        if "secretKeyRef" in one:
            yield "Secret", one["secretKeyRef"]["name"]
        if "configMapKeyRef" in one:
            yield "ConfigMap", one["configMapKeyRef"]["name"]
    for secret in pod.spec.get("imagePullSecrets", ()):
        yield "Secret", secret["name"]
    for volume in pod.spec.get("volumes", ()):
        yield from _of_volume(volume)


def _of_volume(volume: Object) -> Iterator[tuple[str, str]]:
    if "secret" in volume:
        yield "Secret", volume["secret"]["secretName"]
    if "configMap" in volume:
        yield "ConfigMap", volume["configMap"]["name"]
    if "persistentVolumeClaim" in volume:
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
