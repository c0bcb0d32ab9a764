"""The one node: the kubelet, which runs pods by containerd, and kube-proxy, which makes services reachable."""

from __future__ import annotations

import json
from pathlib import Path

from tools.cluster import kubectl, processes
from tools.cluster.layout import DNS_SERVICE, NODE, NODE_ADDRESS, POD_RANGE, Layout


def kubelet_config(layout: Layout) -> dict[str, object]:
    pki, folder = layout.pki, layout.state / "kubelet"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.name}",
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
        "address": NODE_ADDRESS,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "node.crt"),
        "tlsPrivateKeyFile": str(pki / "node.key"),
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_SERVICE],
        "resolvConf": "",
        "enforceNodeAllocatable": ["pods"],
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,  # nothing could fetch them again
        "podLogsDir": str(layout.state / "pod-logs"),
        "volumePluginDir": str(folder / "volume-plugins"),
        # How soon pods see a changed ConfigMap, without waiting for the periodic look.
        "configMapAndSecretChangeDetectionStrategy": "Watch",
        "syncFrequency": "10s",
    }


def proxy_config(pki: Path, mode: str) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": mode,
        "clientConnection": {"kubeconfig": str(pki / "proxy.kubeconfig")},
        "clusterCIDR": POD_RANGE,
        "hostnameOverride": NODE,
        "bindAddress": NODE_ADDRESS,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        # Not to be written from a network namespace.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        mode: {"minSyncPeriod": "0s", "syncPeriod": "10s"},
    }


def start_kubelet(layout: Layout, rqkube: Path) -> None:
    """Returns when the node is Ready."""
    folder = layout.state / "kubelet"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(kubelet_config(layout)))
    flags = [
        f"--config={folder / 'config.json'}",
        f"--kubeconfig={layout.pki / 'node.kubeconfig'}",
        f"--root-dir={folder}",
        f"--cert-dir={folder / 'pki'}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
    ]
    process = processes.start(layout, "kubelet", [rqkube, "kubelet", *flags])
    processes.wait_for("The node", lambda: _ready(layout), 90, process, layout.logs / "kubelet.log")


def start_proxy(layout: Layout, rqkube: Path, mode: str = "iptables") -> None:
    config = layout.state / "proxy.json"
    config.write_text(json.dumps(proxy_config(layout.pki, mode)))
    process = processes.start(layout, "kube-proxy", [rqkube, "kube-proxy", f"--config={config}"])
    healthy = "http://127.0.0.1:10256/healthz"
    log = layout.logs / "kube-proxy.log"
    processes.wait_for("kube-proxy", lambda: processes.answers(healthy), 30, process, log)


def remove_leftovers(layout: Layout) -> None:
    """Links to pods' logs, which the kubelet makes outside its folder, wherever that is."""
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(layout.state):
            link.unlink(missing_ok=True)


def _ready(layout: Layout) -> bool:
    conditions = "{.items[*].status.conditions[?(@.type=='Ready')].status}"
    return kubectl.read(kubectl.environment(layout), "get", "nodes", "-o", f"jsonpath={conditions}") == "True"
