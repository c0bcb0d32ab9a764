"""The control plane: etcd, the API server, the controller manager, the scheduler.

One replica of each, without leader election, and etcd without fsync: what is here is to be thrown away.
"""

from __future__ import annotations

import shutil
import ssl
import urllib.request
from pathlib import Path

from tools.cluster import processes
from tools.cluster.layout import API_URL, ETCD_URL, NODE_ADDRESS, POD_RANGE, SERVICE_RANGE, Layout


def etcd_flags(layout: Layout) -> list[str]:
    peer = ETCD_URL.replace("2379", "2380")
    return [
        f"--data-dir={layout.state / 'etcd'}",
        f"--listen-client-urls={ETCD_URL}",
        f"--advertise-client-urls={ETCD_URL}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def api_flags(pki: Path) -> list[str]:
    serving = [f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key"]
    to_kubelets = [
        f"--kubelet-client-certificate={pki}/kubelet-client.crt",
        f"--kubelet-client-key={pki}/kubelet-client.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
    ]
    tokens = [
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc",
    ]
    to_extensions = [  # metrics-server stands behind the API server, and has to know whom it speaks for
        f"--requestheader-client-ca-file={pki}/ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
    ]
    return [
        f"--etcd-servers={ETCD_URL}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_ADDRESS}",
        f"--client-ca-file={pki}/ca.crt",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        *serving,
        *to_kubelets,
        *tokens,
        *to_extensions,
    ]


def controller_flags(pki: Path) -> list[str]:
    return [
        *_as(pki / "controller-manager.kubeconfig"),
        f"--root-ca-file={pki}/ca.crt",
        f"--service-account-private-key-file={pki}/sa.key",
        "--use-service-account-credentials=true",
        f"--cluster-cidr={POD_RANGE}",
        "--allocate-node-cidrs=false",
        f"--flex-volume-plugin-dir={pki.parent / 'volume-plugins'}",
        "--horizontal-pod-autoscaler-sync-period=5s",
    ]


def scheduler_flags(pki: Path) -> list[str]:
    return _as(pki / "scheduler.kubeconfig")


def start_etcd(layout: Layout, rqkube: Path) -> None:
    shutil.rmtree(layout.state / "etcd", ignore_errors=True)
    process = processes.start(layout, "etcd", [rqkube, "etcd", *etcd_flags(layout)])
    healthy = f"{ETCD_URL}/health"
    processes.wait_for("etcd", lambda: processes.answers(healthy), 30, process, layout.logs / "etcd.log")


def start_api(layout: Layout, rqkube: Path) -> None:
    process = processes.start(layout, "kube-apiserver", [rqkube, "kube-apiserver", *api_flags(layout.pki)])
    log = layout.logs / "kube-apiserver.log"
    processes.wait_for("The API server", lambda: api_is_ready(layout), 120, process, log)


def start_controllers(layout: Layout, rqkube: Path) -> None:
    """The controller manager and the scheduler; they are waited for by what needs them."""
    manager, scheduler = "kube-controller-manager", "kube-scheduler"
    processes.start(layout, manager, [rqkube, manager, *controller_flags(layout.pki)])
    processes.start(layout, scheduler, [rqkube, scheduler, *scheduler_flags(layout.pki)])


def api_is_ready(layout: Layout) -> bool:
    try:
        trusted = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
        with urllib.request.urlopen(f"{API_URL}/readyz", timeout=2, context=trusted) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _as(kubeconfig: Path) -> list[str]:
    kinds = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    return [*(f"--{kind}={kubeconfig}" for kind in kinds), "--leader-elect=false", "--bind-address=127.0.0.1"]
