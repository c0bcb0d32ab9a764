"""NetworkPolicy objects to nftables: who may say what to whom, since a bridge alone would let everything through.

Every pod that a policy selects gets a chain for each direction the policy is about. It names what is allowed; the rest
is dropped, as Calico and Cilium do it. Known: pod and namespace selectors, ipBlock with exceptions, ports by number,
name and range, both directions. IPv4 only, as the cluster is. What the node itself says to its pods (probes, the
ingress) is never held up, which Kubernetes wants of an enforcer for the kubelet's sake.

Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tools.cluster.api import Document

TABLE = "ip policies"
ANYBODY = ""
FLOWING = "ct state established,related accept"


@dataclass(frozen=True)
class Pod:
    namespace: str
    labels: Mapping[str, str]
    address: str
    ports: Mapping[str, int]  # those with a name


@dataclass(frozen=True)
class Cluster:
    """What policies speak about."""

    pods: Sequence[Pod]
    namespaces: Mapping[str, Mapping[str, str]]  # name -> labels


def nftables(policies: Iterable[Document], cluster: Cluster) -> str:
    """A script for `nft -f -` that replaces all of the last one at once."""
    applied = list(policies)
    chains, jumps = [], {"Ingress": [], "Egress": []}  # type: ignore[var-annotated]
    for pod in sorted(cluster.pods, key=lambda pod: pod.address):
        for direction, side in (("Ingress", "daddr"), ("Egress", "saddr")):
            own = [policy for policy in applied if _is_about(policy, pod, direction)]
            if own:
                name = f"{direction.lower()}_{pod.address.replace('.', '_')}"
                chains.append(_chain(name, [*_allowed(own, pod, direction, cluster), "counter drop"]))
                jumps[direction].append(f"ip {side} {pod.address} jump {name}")
    # What pods say to the node (the API server is there) is not forwarded: it comes in.
    forward = ["type filter hook forward priority 10", FLOWING, *jumps["Egress"], *jumps["Ingress"]]
    to_node = ["type filter hook input priority 10", FLOWING, *jumps["Egress"]]
    body = "\n".join([*chains, _chain("forward", forward), _chain("input", to_node)])
    return f"table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{\n{body}\n}}\n"


def cluster_of(pods: Iterable[Document], namespaces: Iterable[Document]) -> Cluster:
    """Pods that have ended or share the node's address are left out."""
    return Cluster(
        [_pod(pod) for pod in pods if _has_own_address(pod)],
        {namespace["metadata"]["name"]: namespace["metadata"].get("labels", {}) for namespace in namespaces},
    )


def selects(selector: Document, labels: Mapping[str, str]) -> bool:
    """An empty selector selects everything."""
    if any(labels.get(name) != value for name, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(wanted, labels) for wanted in selector.get("matchExpressions") or [])


def _holds(wanted: Document, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(wanted["key"]), wanted.get("values") or []
    match wanted["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise ValueError(f"operator {wanted['operator']!r}")


def _is_about(policy: Document, pod: Pod, direction: str) -> bool:
    spec = policy["spec"]
    return (
        policy["metadata"]["namespace"] == pod.namespace
        and direction in spec.get("policyTypes", ["Ingress"])
        and selects(spec.get("podSelector") or {}, pod.labels)
    )


def _allowed(policies: Iterable[Document], pod: Pod, direction: str, cluster: Cluster) -> list[str]:
    """Rules that let through: the chain is left, and the other side's chain has its say."""
    matches: list[str] = []
    for policy in policies:
        for rule in policy["spec"].get(direction.lower()) or []:
            if direction == "Ingress":
                matches += _from(rule, pod, cluster)
            else:
                matches += _to(rule, pod.namespace, cluster)
    return [" ".join([*match.split(), "return"]) for match in dict.fromkeys(matches)]


def _from(rule: Document, pod: Pod, cluster: Cluster) -> list[str]:
    sources = _peers(rule.get("from"), "saddr", pod.namespace, cluster)
    ports = [_port(port, _number(port, pod)) for port in rule.get("ports") or [] if _is_known(port, pod)]
    if rule.get("ports") is None or rule["ports"] == []:
        ports = [ANYBODY]
    return [f"{source} {port}" for source in sources for port in ports]


def _to(rule: Document, namespace: str, cluster: Cluster) -> list[str]:
    """A port's name means what each pod that is spoken to has under it."""
    ports = rule.get("ports") or []
    numbered = [_port(port, port.get("port")) for port in ports if not isinstance(port.get("port"), str)]
    if not ports:
        numbered = [ANYBODY]
    peers = _peers(rule.get("to"), "daddr", namespace, cluster)
    matches = [f"{peer} {port}" for peer in peers for port in numbered]
    for port in ports:
        for pod in _selected(rule.get("to"), namespace, cluster):
            if isinstance(port.get("port"), str) and _is_known(port, pod):
                matches.append(f"ip daddr {pod.address} {_port(port, _number(port, pod))}")
    return matches


def _peers(peers: list[Document] | None, side: str, namespace: str, cluster: Cluster) -> list[str]:
    """A match for each peer that can be; no peers at all are everybody."""
    if not peers:
        return [ANYBODY]
    blocks = [peer["ipBlock"] for peer in peers if "ipBlock" in peer]
    matches = [_block(block, side) for block in blocks if ipaddress.ip_network(block["cidr"]).version == 4]
    addresses = [pod.address for pod in _selected(peers, namespace, cluster)]
    if addresses:
        matches.append(f"ip {side} {{ {', '.join(sorted(set(addresses)))} }}")
    return matches


def _selected(peers: list[Document] | None, namespace: str, cluster: Cluster) -> list[Pod]:
    if not peers:
        return list(cluster.pods)
    selectors = [peer for peer in peers if "ipBlock" not in peer]
    return [pod for pod in cluster.pods if any(_is_peer(peer, pod, namespace, cluster) for peer in selectors)]


def _is_peer(peer: Document, pod: Pod, namespace: str, cluster: Cluster) -> bool:
    """Without a namespace selector, a pod selector means the policy's own namespace."""
    if "namespaceSelector" in peer:
        there = selects(peer["namespaceSelector"] or {}, cluster.namespaces.get(pod.namespace, {}))
    else:
        there = pod.namespace == namespace
    return there and selects(peer.get("podSelector") or {}, pod.labels)


def _block(block: Document, side: str) -> str:
    match = f"ip {side} {block['cidr']}"
    if block.get("except"):
        match += f" ip {side} != {{ {', '.join(block['except'])} }}"
    return match


def _is_known(port: Document, pod: Pod) -> bool:
    return not isinstance(port.get("port"), str) or port["port"] in pod.ports


def _number(port: Document, pod: Pod) -> int | None:
    wanted = port.get("port")
    return pod.ports[wanted] if isinstance(wanted, str) else wanted


def _port(port: Document, number: int | None) -> str:
    protocol = port.get("protocol", "TCP").lower()
    if number is None:
        return f"meta l4proto {protocol}"
    last = f"-{port['endPort']}" if port.get("endPort") else ""
    return f"{protocol} dport {number}{last}"


def _pod(pod: Document) -> Pod:
    spec = pod["spec"]
    containers = [*spec["containers"], *spec.get("initContainers", [])]
    declared = [port for container in containers for port in container.get("ports", []) if port.get("name")]
    ports = {port["name"]: port["containerPort"] for port in declared}
    return Pod(pod["metadata"]["namespace"], pod["metadata"].get("labels", {}), pod["status"]["podIP"], ports)


def _has_own_address(pod: Document) -> bool:
    status = pod.get("status", {})
    ended = status.get("phase") in ("Succeeded", "Failed")
    return bool(status.get("podIP")) and not ended and not pod["spec"].get("hostNetwork")


def _chain(name: str, rules: Iterable[str]) -> str:
    return "\n".join([f"  chain {name} {{", *(f"    {rule};" for rule in rules), "  }"])
