"""What each kind of NetworkPolicy lets through, as rules of nftables."""

from __future__ import annotations

import pytest

from tests.unit.tools.cluster.documents import namespace, pod, policy
from tools.cluster import policies
from tools.cluster.api import Document

GATEWAY = pod("10.244.0.2", ports={"http": 4000, "ops": 4001}, app="gateway")
ROUTING = pod("10.244.0.3", ports={"grpc": 50051}, app="routing")
OTHER = pod("10.244.0.4", "other", app="gateway")
SCRAPER = pod("10.244.0.5", "monitoring", app="scraper")
PODS = [GATEWAY, ROUTING, OTHER, SCRAPER]
NAMESPACES = [namespace("suite"), namespace("other"), namespace("monitoring", team="ops")]
ONLY_ROUTING: Document = {"podSelector": {"matchLabels": {"app": "routing"}}}


def chains(*applied: Document, pods: list[Document] = PODS) -> dict[str, list[str]]:
    """Name -> its rules."""
    found: dict[str, list[str]] = {}
    script = policies.nftables(applied, policies.cluster_of(pods, NAMESPACES))
    for line in script.splitlines():
        if line.startswith("  chain "):
            current = found.setdefault(line.split()[1], [])
        elif line.startswith("    "):
            current.append(line.strip().rstrip(";"))
    return found


def ingress(*rules: Document) -> list[str]:
    """The rules of routing's chain."""
    return chains(policy({**ONLY_ROUTING, "ingress": list(rules)}))["ingress_10_244_0_3"]


def egress(*rules: Document) -> list[str]:
    return chains(policy({**ONLY_ROUTING, "policyTypes": ["Egress"], "egress": list(rules)}))["egress_10_244_0_3"]


def test_without_a_policy_nothing_is_held_up() -> None:
    assert set(chains()) == {"forward", "input"}


def test_a_policy_without_rules_lets_nothing_in() -> None:
    assert ingress() == ["counter drop"]


def test_an_empty_rule_lets_everything_in() -> None:
    assert ingress({}) == ["return", "counter drop"]


def test_only_the_pods_that_are_selected_get_a_chain() -> None:
    assert set(chains(policy(ONLY_ROUTING))) == {"ingress_10_244_0_3", "forward", "input"}


def test_an_empty_selector_is_about_every_pod_of_its_own_namespace() -> None:
    made = set(chains(policy({}, "suite")))
    assert made == {"ingress_10_244_0_2", "ingress_10_244_0_3", "forward", "input"}


def test_a_pod_selector_means_the_policys_namespace() -> None:
    rules = ingress({"from": [{"podSelector": {"matchLabels": {"app": "gateway"}}}]})
    assert rules == ["ip saddr { 10.244.0.2 } return", "counter drop"]


def test_a_namespace_selector_means_every_pod_there() -> None:
    rules = ingress({"from": [{"namespaceSelector": {"matchLabels": {"team": "ops"}}}]})
    assert rules == ["ip saddr { 10.244.0.5 } return", "counter drop"]


def test_both_selectors_in_one_peer_must_hold() -> None:
    peer: Document = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "gateway"}}}
    assert ingress({"from": [peer]}) == ["ip saddr { 10.244.0.2, 10.244.0.4 } return", "counter drop"]


def test_peers_that_nobody_is_let_nothing_in() -> None:
    assert ingress({"from": [{"podSelector": {"matchLabels": {"app": "nobody"}}}]}) == ["counter drop"]


def test_ports_by_name_are_those_of_the_pod_that_is_spoken_to() -> None:
    assert ingress({"ports": [{"port": "grpc"}]}) == ["tcp dport 50051 return", "counter drop"]


def test_a_port_name_that_the_pod_has_not_lets_nothing_in() -> None:
    assert ingress({"ports": [{"port": "http"}]}) == ["counter drop"]


@pytest.mark.parametrize(
    ("port", "rule"),
    [
        ({"port": 53, "protocol": "UDP"}, "udp dport 53 return"),
        ({"port": 8000, "endPort": 8010}, "tcp dport 8000-8010 return"),
        ({"protocol": "UDP"}, "meta l4proto udp return"),
    ],
)
def test_ports_by_number_range_and_protocol(port: Document, rule: str) -> None:
    assert ingress({"ports": [port]}) == [rule, "counter drop"]


def test_every_peer_gets_every_port() -> None:
    rules = ingress(
        {
            "from": [{"podSelector": {"matchLabels": {"app": "gateway"}}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}],
            "ports": [{"port": "grpc"}, {"port": 1}],
        }
    )
    assert rules == [
        "ip saddr 10.0.0.0/8 tcp dport 50051 return",
        "ip saddr 10.0.0.0/8 tcp dport 1 return",
        "ip saddr { 10.244.0.2 } tcp dport 50051 return",
        "ip saddr { 10.244.0.2 } tcp dport 1 return",
        "counter drop",
    ]


def test_exceptions_of_a_block_are_held_up() -> None:
    block = {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16", "10.0.0.0/8"]}
    assert egress({"to": [{"ipBlock": block}]}) == [
        "ip daddr 0.0.0.0/0 ip daddr != { 169.254.0.0/16, 10.0.0.0/8 } return",
        "counter drop",
    ]


def test_blocks_of_the_other_family_are_nobody_here() -> None:
    assert egress({"to": [{"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128"]}}]}) == ["counter drop"]


def test_a_port_name_on_the_way_out_is_each_receivers_own() -> None:
    rules = egress({"to": [{"podSelector": {}}], "ports": [{"port": "http"}]})
    assert rules == ["ip daddr 10.244.0.2 tcp dport 4000 return", "counter drop"]


def test_a_policy_for_both_directions_makes_a_chain_for_each() -> None:
    made = chains(policy({**ONLY_ROUTING, "policyTypes": ["Ingress", "Egress"]}))
    assert {"ingress_10_244_0_3", "egress_10_244_0_3"} < set(made)


def test_what_policies_allow_adds_up() -> None:
    first = policy({**ONLY_ROUTING, "ingress": [{"ports": [{"port": 1}]}]})
    second = policy({"ingress": [{"ports": [{"port": 2}]}]})
    assert chains(first, second)["ingress_10_244_0_3"] == [
        "tcp dport 1 return",
        "tcp dport 2 return",
        "counter drop",
    ]


def test_both_ends_have_their_say_and_the_node_hears_what_leaves_a_pod() -> None:
    made = chains(policy({"policyTypes": ["Ingress", "Egress"]}))
    assert made["forward"][1:] == [
        "ct state established,related accept",
        "ip saddr 10.244.0.2 jump egress_10_244_0_2",
        "ip saddr 10.244.0.3 jump egress_10_244_0_3",
        "ip daddr 10.244.0.2 jump ingress_10_244_0_2",
        "ip daddr 10.244.0.3 jump ingress_10_244_0_3",
    ]
    assert made["input"][2:] == made["forward"][2:4]


@pytest.mark.parametrize(
    "change",
    [{"status": {"phase": "Running"}}, {"status": {"podIP": "10.244.0.3", "phase": "Succeeded"}}],
    ids=["no address yet", "ended"],
)
def test_pods_without_an_address_of_their_own_are_left_out(change: Document) -> None:
    assert set(chains(policy({}), pods=[{**ROUTING, **change}])) == {"forward", "input"}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ({"key": "app", "operator": "In", "values": ["routing", "control"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["routing"]}, False),
        ({"key": "tier", "operator": "NotIn", "values": ["x"]}, True),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
    ],
)
def test_expressions_select_by_their_operator(expression: Document, holds: bool) -> None:
    assert policies.selects({"matchExpressions": [expression]}, {"app": "routing"}) is holds
