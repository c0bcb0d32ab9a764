"""How many pods there are, who decides it, and how many may be moved at one time."""

from __future__ import annotations

import pytest

from tests.support.chart import SERVICES, Object, Rendering, read, template


def scalers(chart: Rendering) -> dict[str, tuple[int, int]]:
    """Name of a Deployment -> the fewest and the most pods that something else gives it."""
    hpas = {one["spec"]["scaleTargetRef"]["name"]: _of_hpa(one) for one in chart.of("HorizontalPodAutoscaler")}
    keda = {one["spec"]["scaleTargetRef"]["name"]: _of_keda(one) for one in chart.of("ScaledObject")}
    assert not hpas.keys() & keda.keys()
    return hpas | keda


def test_each_scaler_has_a_deployment_without_a_number_of_its_own(chart: Rendering) -> None:
    deployments = chart.named("Deployment")
    assert scalers(chart).keys() <= deployments.keys()
    for name, one in deployments.items():
        assert ("replicas" in one["spec"]) != (name in scalers(chart)), name


def test_a_scaler_can_give_less_and_more(chart: Rendering) -> None:
    assert all(1 <= fewest < most for fewest, most in scalers(chart).values())


def test_cpu_is_measured_against_a_request(chart: Rendering) -> None:
    pods = {pod.owner["metadata"]["name"]: pod for pod in chart.pods if pod.lives}
    for one in chart.of("HorizontalPodAutoscaler"):
        containers = pods[one["spec"]["scaleTargetRef"]["name"]].containers
        assert all("cpu" in container["resources"]["requests"] for container in containers)


def test_pods_go_one_at_a_time(chart: Rendering) -> None:
    for one in chart.of("HorizontalPodAutoscaler"):
        down = one["spec"]["behavior"]["scaleDown"]
        assert down["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 60}]
        assert down["stabilizationWindowSeconds"] >= 60


def test_the_scaled_renderings_have_scalers() -> None:
    from_ha = scalers(read("ha", template("ha")))
    assert from_ha == {"rq-routeiq-gateway": (3, 20), "rq-routeiq-routing": (3, 12)}
    everything = scalers(read("everything", template("everything")))
    assert everything == {"rq-gateways-gateway": (2, 30), "rq-gateways-routing": (2, 10)}


def test_a_budget_stands_exactly_where_there_are_several_pods(chart: Rendering) -> None:
    several = {name for name, one in chart.named("Deployment").items() if _most(name, one, chart) > 1}
    assert chart.named("PodDisruptionBudget").keys() == several
    assert bool(several) == (chart.name != "default")


def test_who_may_be_scaled_from_one_pod_has_a_budget() -> None:
    scaled = "services: { routing: { autoscaling: { enabled: true, minReplicas: 1 } } }"
    assert read("one", template("default", values=scaled)).named("PodDisruptionBudget").keys() == {"rq-routeiq-routing"}


def test_a_budget_lets_a_pod_go_and_a_broken_one_always(chart: Rendering) -> None:
    for one in chart.of("PodDisruptionBudget"):
        assert one["spec"]["maxUnavailable"] not in (0, "0%")
        assert one["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        pods = [pod for pod in chart.pods if pod.has(one["spec"]["selector"]["matchLabels"])]
        assert [pod.owner["metadata"]["name"] for pod in pods] == [one["metadata"]["name"]]


def test_a_rollout_takes_no_pod_away_before_its_successor_is_ready(chart: Rendering) -> None:
    for one in chart.of("Deployment"):
        assert one["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_pods_of_one_service_are_spread(chart: Rendering) -> None:
    for pod in (one for one in chart.pods if one.component in SERVICES):
        (spread,) = pod.spec["topologySpreadConstraints"]
        assert pod.has(spread["labelSelector"]["matchLabels"])
        assert spread["whenUnsatisfiable"] == ("DoNotSchedule" if chart.name == "ha" else "ScheduleAnyway")


@pytest.mark.parametrize("server", ["postgres", "redis", "nats"])
def test_a_bundled_server_is_one_pod(server: str, everything: Rendering) -> None:
    assert everything.component(server).owner["spec"]["replicas"] == 1


def _most(name: str, deployment: Object, chart: Rendering) -> int:
    scaled = scalers(chart).get(name)
    return scaled[1] if scaled else int(deployment["spec"]["replicas"])


def _of_hpa(one: Object) -> tuple[int, int]:
    return one["spec"]["minReplicas"], one["spec"]["maxReplicas"]


def _of_keda(one: Object) -> tuple[int, int]:
    return one["spec"]["minReplicaCount"], one["spec"]["maxReplicaCount"]
