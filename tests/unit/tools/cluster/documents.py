"""Kubernetes documents, as small as the tests need them."""

from __future__ import annotations

from tools.cluster.api import Document


def pod(address: str, namespace: str = "suite", ports: dict[str, int] | None = None, **labels: str) -> Document:
    declared = [{"name": name, "containerPort": number} for name, number in (ports or {}).items()]
    return {
        "metadata": {"namespace": namespace, "name": f"pod-{address}", "labels": labels},
        "spec": {"containers": [{"name": "main", "ports": declared}]},
        "status": {"podIP": address, "phase": "Running"},
    }


def namespace(name: str, **labels: str) -> Document:
    return {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, **labels}}}


def policy(spec: Document, namespace: str = "suite") -> Document:
    return {"metadata": {"namespace": namespace, "name": "policy"}, "spec": {"podSelector": {}, **spec}}


def ingress(*paths: Document, host: str = "suite.test", class_name: str = "nginx", **annotations: str) -> Document:
    prefixed = {f"nginx.ingress.kubernetes.io/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return {
        "metadata": {"namespace": "suite", "name": "ingress", "annotations": prefixed},
        "spec": {"ingressClassName": class_name, "rules": [{"host": host, "http": {"paths": list(paths)}}]},
    }


def path(prefix: str, service: str = "gateway", port: Document | None = None, kind: str = "Prefix") -> Document:
    return {"path": prefix, "pathType": kind, "backend": {"service": {"name": service, "port": port or {"number": 80}}}}


def service(name: str, address: str, **ports: int) -> Document:
    declared = [{"name": port, "port": number} for port, number in ports.items()]
    return {"metadata": {"namespace": "suite", "name": name}, "spec": {"clusterIP": address, "ports": declared}}


def claim(uid: str = "1", class_name: str = "folders", **spec: str) -> Document:
    return {
        "metadata": {"namespace": "suite", "name": "data", "uid": uid},
        "spec": {
            "storageClassName": class_name,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            **spec,
        },
    }
