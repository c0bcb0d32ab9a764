"""The network policies let pass what the guide's table says, and nothing else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import pytest
import yaml

from routeiq.kit.outbound import addresses
from tests.support.chart import CHART, COMPONENT, SERVICES, Object, Rendering, read, rendering, template
from tests.support.edges import API, INTERNET, METADATA, NEIGHBOURS, PRIVATE, PUBLIC, Edge, inner, outer

POLICED = ("production", "ha", "everything")


@pytest.fixture(scope="module")
def trial() -> Rendering:
    return read("trial", template("default", "--set", "networkPolicy.enabled=true"))


@pytest.fixture(scope="module", params=["trial", *POLICED])
def policed(request: pytest.FixtureRequest, trial: Rendering) -> Rendering:
    return trial if request.param == "trial" else rendering(request.param)


def policies(chart: Rendering) -> dict[str, Object]:
    return {one["spec"]["podSelector"]["matchLabels"][COMPONENT]: one for one in chart.of("NetworkPolicy")}


def test_everything_that_is_started_has_a_policy_for_both_directions(policed: Rendering) -> None:
    assert policies(policed).keys() == {pod.component for pod in policed.pods}
    for pod in policed.pods:
        (chosen,) = [one for one in policed.of("NetworkPolicy") if pod.has(one["spec"]["podSelector"]["matchLabels"])]
        assert chosen["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_a_trial_has_the_edges_of_the_table(trial: Rendering) -> None:
    assert len(inner()) > 12
    assert set(_outgoing(trial)) == inner()


def test_both_ends_of_each_edge_agree(policed: Rendering) -> None:
    assert set(_outgoing(policed)) == set(_incoming(policed))


def test_an_edge_goes_only_where_both_ends_are_started(policed: Rendering) -> None:
    there = {pod.component for pod in policed.pods}
    assert set(_outgoing(policed)) == {edge for edge in inner() if {edge[0], edge[1]} <= there}


def test_each_edge_leads_to_a_port_that_is_open_there(policed: Rendering) -> None:
    open_ports = {
        (pod.component, port["containerPort"])
        for pod in policed.pods
        for one in pod.containers
        for port in one.get("ports", ())
    }
    assert {(callee, port) for _, callee, port in _outgoing(policed)} <= open_ports


def test_everybody_reaches_the_gateway_and_nothing_else(trial: Rendering) -> None:
    for component, policy in policies(trial).items():
        open_to_all = [
            port["port"] for rule in policy["spec"].get("ingress", ()) if "from" not in rule for port in rule["ports"]
        ]
        assert open_to_all == ([4000] if component == "gateway" else []), component


def test_with_ingress_from_only_those_reach_it(everything: Rendering) -> None:
    rules = policies(everything)["gateway"]["spec"]["ingress"]
    assert all(rule["from"] for rule in rules)
    edge = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}
    assert [[port["port"] for port in rule["ports"]] for rule in rules if edge in rule["from"]] == [[4000, 8200]]


def test_monitoring_reaches_the_second_ports_alone(everything: Rendering) -> None:
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    for component, policy in policies(everything).items():
        ports = [
            port["port"]
            for rule in policy["spec"].get("ingress", ())
            if monitoring in rule.get("from", ())
            for port in rule["ports"]
        ]
        assert ports == ([_second_port(everything, component)] if component in SERVICES else []), component


def test_the_internet_is_no_private_and_no_metadata_address(policed: Rendering) -> None:
    for component in ("gateway", "control", "config-sync"):
        (rule,) = [
            one
            for one in policies(policed)[component]["spec"]["egress"]
            if [port["port"] for port in one.get("ports", ())] == [443] and _cidrs(one) == {"0.0.0.0/0", "::/0"}
        ]
        assert [address for address in PUBLIC if not _lets_pass(rule, address)] == []
        assert [address for address in (*PRIVATE, *METADATA) if _lets_pass(rule, address)] == []


def test_no_rule_leads_to_a_metadata_address(policed: Rendering) -> None:
    for component, policy in policies(policed).items():
        for rule in policy["spec"].get("egress", ()):
            assert [one for one in METADATA if _lets_pass(rule, one)] == [], component


def test_policies_know_each_address_that_the_services_refuse() -> None:
    egress = yaml.safe_load((CHART / "values.yaml").read_text())["networkPolicy"]["egress"]
    assert egress["metadataCIDRs"] == [str(network) for network in addresses.METADATA]


def test_without_exceptions_there_is_no_list_of_them() -> None:
    none = "networkPolicy: { enabled: true, egress: { metadataCIDRs: [], privateCIDRs: [] } }"
    chart = read("none", template("default", values=none))
    blocks = [
        peer["ipBlock"]
        for one in chart.of("NetworkPolicy")
        for rule in one["spec"].get("egress", ())
        for peer in rule.get("to", ())
        if "ipBlock" in peer
    ]
    assert blocks
    assert [block for block in blocks if "except" in block] == []


def test_who_goes_outside_is_who_the_table_says(trial: Rendering) -> None:
    assert {(one, name) for one, policy in policies(trial).items() for name in _outside(policy)} == outer()


def test_further_rules_are_those_of_the_service_that_they_name(everything: Rendering) -> None:
    for component, policy in policies(everything).items():
        rules = [rule for rule in policy["spec"].get("egress", ()) if "ports" in rule]
        to_8000 = [rule["to"] for rule in rules if [port["port"] for port in rule["ports"]] == [8000]]
        assert to_8000 == ([[{"ipBlock": {"cidr": "10.1.0.0/16"}}]] if component == "gateway" else []), component


def test_neighbours_are_not_the_suites_own(everything: Rendering) -> None:
    (rule,) = [one for one in policies(everything)["gateway"]["spec"]["egress"] if "ports" not in one]
    (expression,) = rule["to"][0]["podSelector"]["matchExpressions"]
    assert expression["operator"] == "NotIn"
    for pod in everything.pods:
        assert pod.labels[expression["key"]] in expression["values"]


def test_servers_of_the_operators_are_reached_where_values_say() -> None:
    egress = policies(read("production", template("production")))["control"]["spec"]["egress"]
    to_postgres = [rule for rule in egress if [port["port"] for port in rule["ports"]] == [6432]]
    assert [rule["to"] for rule in to_postgres] == [[{"ipBlock": {"cidr": "10.20.0.0/24"}}]]


def test_whoever_calls_may_ask_for_names(policed: Rendering) -> None:
    for component, policy in policies(policed).items():
        rules = policy["spec"].get("egress", [])
        asks = [
            rule for rule in rules if {(one["protocol"], one["port"]) for one in rule.get("ports", ())} >= {("UDP", 53)}
        ]
        assert len(asks) == bool(rules), component


def test_who_calls_nobody_gets_out_nowhere(trial: Rendering) -> None:
    for component in ("redis", "postgres", "nats", "a2a-registry", "mcp-registry"):
        assert "egress" not in policies(trial)[component]["spec"]


def test_a_trial_without_policies_has_none() -> None:
    assert read("default", template("default")).of("NetworkPolicy") == []


def _outgoing(chart: Rendering) -> Iterator[Edge]:
    for component, policy in policies(chart).items():
        for rule in policy["spec"].get("egress", ()):
            for peer, port in _selected(rule, "to", chart.release):
                yield component, peer, port


def _incoming(chart: Rendering) -> Iterator[Edge]:
    for component, policy in policies(chart).items():
        for rule in policy["spec"].get("ingress", ()):
            for peer, port in _selected(rule, "from", chart.release):
                yield peer, component, port


def _selected(rule: Object, side: str, release: str) -> Iterator[tuple[str, int]]:
    """Component and port, of the peers that are components of this chart."""
    for peer in rule.get(side, ()):
        component = peer.get("podSelector", {}).get("matchLabels", {}).get(COMPONENT)
        if component:
            assert set(peer) == {"podSelector"}
            assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == release
            for port in rule["ports"]:
                assert port["protocol"] == "TCP"
                yield component, port["port"]


def _outside(policy: Object) -> Iterator[str]:
    for rule in policy["spec"].get("egress", ()):
        ports = {port["port"] for port in rule.get("ports", ())}
        if ports == {443}:
            yield INTERNET
        elif ports == {443, 6443}:
            yield API
        elif not ports:
            yield NEIGHBOURS


def _second_port(chart: Rendering, component: str) -> int:
    (container,) = chart.component(component).containers
    return next(port["containerPort"] for port in container["ports"] if port["name"] == "ops")


def _cidrs(rule: Object) -> set[str]:
    return {peer["ipBlock"]["cidr"] for peer in rule["to"] if "ipBlock" in peer}


def _lets_pass(rule: Object, address: str) -> bool:
    where = ipaddress.ip_address(address)
    return any(
        where in ipaddress.ip_network(block["cidr"])
        and not any(where in ipaddress.ip_network(one) for one in block.get("except") or ())
        for block in (peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer)
    )
