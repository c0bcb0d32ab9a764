"""What every pod of the chart keeps to: the services', the bundled servers', the jobs' and the test's."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.support.chart import SERVICES, VALUES, Object, Pod, Rendering, read, template

CALLS_KUBERNETES = {"config-sync", "keys"}
UNSET: Object = {}
SECRET_NAME = re.compile(r"(PASSWORD|SECRET|TOKEN|(?<!S3)(?<!GCS)_KEY|KEYS|DATABASE_URL|REDIS_URL|NATS_URL)$")
NO_SECRET = re.compile(r"^$|^/[\w./:-]+$|\$\(BUNDLED_[A-Z]+_(PASSWORD|TOKEN)\)")
"""Empty, the path of a file, or an address whose password stands in a variable of its own."""
PASSWORD_IN_URL = re.compile(r"://[^/@$]*:[^/@$]+@")
FLOATING = re.compile(r":(latest|stable|edge|main)$")


def containers(chart: Rendering) -> list[tuple[Pod, Object]]:
    return [(pod, container) for pod in chart.pods for container in pod.containers]


def test_there_is_a_pod_of_each_kind(chart: Rendering) -> None:
    components = {pod.component for pod in chart.pods}
    assert {*SERVICES, "migrate", "test"} <= components
    assert ("postgres" in components) == (chart.name not in ("production", "ha"))


def test_pods_are_restricted(chart: Rendering) -> None:
    """Kubernetes' PodSecurity `restricted`, what it says of pods: also of hooks and tests."""
    for pod in chart.pods:
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True, pod.name
        assert security["runAsUser"] > 0, pod.name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, pod.name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & {name for name, on in pod.spec.items() if on}, pod.name
        kinds = {kind for volume in pod.spec.get("volumes", ()) for kind in volume if kind != "name"}
        assert kinds <= {"emptyDir", "configMap", "secret", "persistentVolumeClaim", "ephemeral", "projected"}, pod.name


def test_users_may_be_the_clusters_choice() -> None:
    none = "{ runAsUser: null, runAsGroup: null, fsGroup: null }"
    servers = ", ".join(f"{name}: {{ runAsUser: null }}" for name in ("postgres", "redis", "nats"))
    chart = read("openshift", template("default", values=f"podSecurityContext: {none}\nbundled: {{ {servers} }}"))
    for pod in chart.pods:
        security = pod.spec["securityContext"]
        assert not {"runAsUser", "runAsGroup", "fsGroup"} & security.keys(), pod.name
        assert security["runAsNonRoot"] is True, pod.name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, pod.name


def test_users_are_those_of_the_values(everything: Rendering) -> None:
    security = everything.component("gateway").spec["securityContext"]
    assert [security[name] for name in ("runAsUser", "runAsGroup", "fsGroup")] == [20001, 20002, 20003]


def test_containers_are_restricted_and_write_to_no_image(chart: Rendering) -> None:
    for pod, container in containers(chart):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False, pod.name
        assert security["capabilities"] == {"drop": ["ALL"]}, pod.name
        assert security["readOnlyRootFilesystem"] is True, pod.name
        assert not {"privileged", "procMount", "runAsUser"} & security.keys(), pod.name
        assert not any("hostPort" in port for port in container.get("ports", ())), pod.name


def test_containers_say_what_they_need(chart: Rendering) -> None:
    for pod, container in containers(chart):
        resources = container["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys(), pod.name
        assert "memory" in resources["limits"], pod.name
        assert "cpu" not in resources["limits"], f"{pod.name}: a limit of CPU stalls requests while cores are idle"


def test_what_runs_on_is_probed_and_on_no_users_port(chart: Rendering) -> None:
    for pod in (one for one in chart.pods if one.lives):
        (container,) = pod.spec["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container[kind]
            if pod.component in SERVICES:
                assert _asks_the_second_port(probe, ports) or (pod.component == "routing" and kind != "livenessProbe")
            else:
                assert _reached(probe) in ports, pod.name


def test_routing_is_asked_by_grpc_whether_it_is_ready(chart: Rendering) -> None:
    (container,) = chart.component("routing").containers
    assert container["startupProbe"]["grpc"]["port"] == container["readinessProbe"]["grpc"]["port"] == 50051


def test_liveness_and_readiness_are_different_questions(chart: Rendering) -> None:
    for pod in (one for one in chart.pods if one.component in SERVICES):
        (container,) = pod.containers
        assert container["livenessProbe"]["httpGet"]["path"] == "/_health/live"
        assert container["readinessProbe"].get("httpGet", {"path": "/_health/ready"})["path"] == "/_health/ready"


def test_each_has_a_service_account_that_exists(chart: Rendering) -> None:
    made = chart.named("ServiceAccount").keys() | {"mcp"}
    for pod in (one for one in chart.pods if one.component != "test"):
        assert pod.spec["serviceAccountName"] in made, pod.name
    services = [pod.spec["serviceAccountName"] for pod in chart.pods if pod.lives]
    assert len(services) == len(set(services))


def test_only_who_calls_kubernetes_gets_a_token(chart: Rendering) -> None:
    for account in chart.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    for pod in chart.pods:
        has_one = pod.spec["automountServiceAccountToken"]
        assert has_one is False or pod.component in CALLS_KUBERNETES, pod.name


def test_config_sync_gets_one_where_the_document_is_a_config_map(chart: Rendering) -> None:
    reads = any(one["name"] == "ROUTEIQ_CONFIG_SYNC_CONFIGMAP" for one in environment(chart, "config-sync"))
    leads = {"name": "ROUTEIQ_LEADER_ELECTION_BACKEND", "value": "kubernetes"} in environment(chart, "config-sync")
    assert chart.component("config-sync").spec["automountServiceAccountToken"] is (reads or leads)


def test_no_secret_stands_in_a_plain_value(chart: Rendering) -> None:
    for pod, container in containers(chart):
        for variable in container.get("env", ()):
            told = str(variable.get("value", ""))
            assert not PASSWORD_IN_URL.search(told), f"{pod.name}: {variable['name']}"
            if SECRET_NAME.search(variable["name"]):
                assert NO_SECRET.search(told), f"{pod.name}: {variable['name']}"


def test_no_secret_is_rendered(chart: Rendering) -> None:
    assert chart.of("Secret") == [], "a rendered Secret ends up in Git, and is new at every rendering"


def test_images_are_of_a_release(chart: Rendering) -> None:
    for pod, container in containers(chart):
        image = str(container["image"])
        assert ":" in image.rpartition("/")[2], f"{pod.name}: {image}"
        assert not FLOATING.search(image), f"{pod.name}: {image}"


def test_a_pinned_digest_is_used(everything: Rendering) -> None:
    (container,) = everything.component("gateway").containers
    assert re.fullmatch(r"registry\.example\.com/routeiq-gateway@sha256:[0-9a-f]{64}", container["image"])


def test_every_pod_runs_where_the_defaults_say(everything: Rendering) -> None:
    """Jobs, bundled servers and the test as well."""
    said = yaml.safe_load((VALUES / "everything.yaml").read_text())["defaults"]
    selector = {"kubernetes.io/os": "linux", **said["nodeSelector"]}
    for pod in everything.pods:
        assert pod.spec["nodeSelector"] == selector, pod.name
        for name in ("tolerations", "affinity", "priorityClassName"):
            assert pod.spec[name] == said[name], pod.name
        assert pod.has(said["podLabels"]), pod.name
        assert said["podAnnotations"].items() <= pod.metadata["annotations"].items(), pod.name


def test_pods_are_for_linux(chart: Rendering) -> None:
    assert [pod.name for pod in chart.pods if pod.spec["nodeSelector"]["kubernetes.io/os"] != "linux"] == []


def test_a_label_of_nodes_is_taken_away_by_null() -> None:
    chart = read("null", template("default", values='defaults: { nodeSelector: { "kubernetes.io/os": null } }'))
    assert [pod.name for pod in chart.pods if "nodeSelector" in pod.spec] == []


def test_service_links_are_off(chart: Rendering) -> None:
    """A Service called `routeiq-gateway` would set ROUTEIQ_GATEWAY_PORT, which is a setting."""
    assert [pod.name for pod in chart.pods if pod.spec.get("enableServiceLinks") is not False] == []


def test_what_is_mounted_is_a_volume_of_the_pod(chart: Rendering) -> None:
    claims = {
        claim["metadata"]["name"]
        for one in chart.of("StatefulSet")
        for claim in one["spec"].get("volumeClaimTemplates", ())
    }
    for pod in chart.pods:
        volumes = {volume["name"] for volume in pod.spec.get("volumes", ())}
        mounted = {mount["name"] for one in pod.containers for mount in one.get("volumeMounts", ())}
        assert mounted <= volumes | claims, pod.name
        assert volumes <= mounted, f"{pod.name}: a volume that nobody mounts"


@pytest.mark.parametrize("seconds", [20, 600])
def test_a_pod_is_given_the_time_that_its_end_takes(seconds: int) -> None:
    chart = read("drain", template("default", "--set", f"drain.maxStreamSeconds={seconds}"))
    for pod in (one for one in chart.pods if one.component in SERVICES):
        assert pod.spec["terminationGracePeriodSeconds"] >= _to_end(pod), pod.name


def _to_end(pod: Pod) -> float:
    (container,) = pod.containers
    env = {one["name"]: one.get("value") for one in container["env"]}
    drain = float(env.get("ROUTEIQ_GATEWAY_DRAIN_DELAY_S") or 0) + float(env.get("ROUTEIQ_GATEWAY_DRAIN_S") or 30)
    return float(container["lifecycle"]["preStop"]["sleep"]["seconds"]) + drain


def environment(chart: Rendering, component: str) -> list[Any]:
    return [variable for one in chart.component(component).containers for variable in one["env"]]


def _asks_the_second_port(probe: Object, ports: dict[str, int]) -> bool:
    return probe.get("httpGet", UNSET).get("port") in ("ops", ports["ops"])


def _reached(probe: Object) -> Any:
    return (probe.get("httpGet") or probe["tcpSocket"])["port"]
