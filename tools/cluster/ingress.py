"""Ingress objects of class `nginx` to a configuration of nginx, which serves them on the namespace's loopback.

It does what ingress-nginx does without annotations (bodies up to 1 MB, a minute without a byte, requests buffered,
answers not) and follows those annotations that a gateway needs otherwise, so that a chart which forgets one fails here
too. Backends are reached by the service's address, so by kube-proxy. No TLS, no rewrites.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterable
from pathlib import Path

from tools.cluster import processes
from tools.cluster.api import Document
from tools.cluster.layout import INGRESS_ADDRESS, Layout

CLASS = "nginx"
# Annotation -> the directive, its value without one, and what may be written there.
ANNOTATIONS = {
    "proxy-body-size": ("client_max_body_size", "1m", r"\d+[kmg]?"),
    "proxy-read-timeout": ("proxy_read_timeout", "60", r"\d+"),
    "proxy-send-timeout": ("proxy_send_timeout", "60", r"\d+"),
    "proxy-connect-timeout": ("proxy_connect_timeout", "5", r"\d+"),
    "proxy-buffering": ("proxy_buffering", "off", "on|off"),
    "proxy-request-buffering": ("proxy_request_buffering", "on", "on|off"),
}
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def nginx_conf(ingresses: Iterable[Document], services: Iterable[Document], folder: Path) -> str:
    """A server for each host; what no ingress names is 404, and a service that is not there 503."""
    known = {_key(service): service["spec"] for service in services}
    hosts: dict[str, list[str]] = {}
    for ingress in sorted(ingresses, key=_key):
        if ingress["spec"].get("ingressClassName") == CLASS:
            for rule in ingress["spec"].get("rules") or []:
                hosts.setdefault(rule.get("host", "_"), []).extend(_locations(ingress, rule, known))
    servers = [_server(host, locations) for host, locations in hosts.items()]
    return _main(folder, servers)


def start(layout: Layout) -> None:
    """With no ingress yet."""
    (layout.ingress / "nginx.conf").write_text(nginx_conf([], [], layout.ingress))
    command = ["nginx", "-p", str(layout.ingress), "-c", str(layout.ingress / "nginx.conf"), "-g", "daemon off;"]
    process = processes.start(layout, "nginx", command)
    processes.wait_for("nginx", lambda: (layout.ingress / "pid").exists(), 10, process, layout.logs / "nginx.log")


def update(layout: Layout, ingresses: Iterable[Document], services: Iterable[Document]) -> bool:
    """Have nginx go on with these; what runs there ends as it began. Returns: whether anything has changed."""
    file = layout.ingress / "nginx.conf"
    wanted = nginx_conf(ingresses, services, layout.ingress)
    if file.read_text() == wanted:
        return False
    file.write_text(wanted)
    os.kill(int((layout.programs / "nginx").read_text()), signal.SIGHUP)
    return True


def _locations(ingress: Document, rule: Document, services: dict[tuple[str, str], Document]) -> list[str]:
    settings = _settings(ingress["metadata"].get("annotations") or {})
    locations = []
    for path in (rule.get("http") or {}).get("paths") or []:
        backend = path["backend"]["service"]
        address = _address(services.get((ingress["metadata"]["namespace"], backend["name"])), backend["port"])
        does = f"proxy_pass http://{address};" if address else "return 503;"
        locations += [f"location {match} {{ {settings} {does} }}" for match in _matches(path)]
    return locations


def _matches(path: Document) -> list[str]:
    """A prefix is one of whole elements: /v1 is not one of /v10."""
    if path["pathType"] == "Exact":
        return [f"= {path['path']}"]
    prefix = path.get("path", "/").rstrip("/")
    return [f"= {prefix}", f"{prefix}/"] if prefix else ["/"]


def _settings(annotations: dict[str, str]) -> str:
    found = []
    for name, (directive, default, allowed) in ANNOTATIONS.items():
        value = annotations.get(f"nginx.ingress.kubernetes.io/{name}", default)
        if not re.fullmatch(allowed, value):
            raise ValueError(f"{name}: {value!r} is not understood")
        found.append(f"{directive} {value};")
    return " ".join(found)


def _address(service: Document | None, port: Document) -> str | None:
    if service is None:
        return None
    for declared in service["ports"]:
        if port.get("number") == declared["port"] or (port.get("name") and port["name"] == declared.get("name")):
            return f"{service['clusterIP']}:{declared['port']}"
    return None


def _server(host: str, locations: list[str]) -> str:
    inside = "\n    ".join(dict.fromkeys(locations))
    return f"  server {{\n    listen {INGRESS_ADDRESS};\n    server_name {host};\n    {inside}\n  }}"


def _main(folder: Path, servers: list[str]) -> str:
    temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    return "\n".join(
        [
            f"user root; pid {folder}/pid; error_log stderr warn; worker_processes 1;",
            "events { worker_connections 4096; }",
            "http {",
            f"  access_log {folder}/access.log; {temporary}",
            "  proxy_http_version 1.1; proxy_next_upstream off; proxy_set_header Connection close;",
            "  proxy_set_header Host $http_host; proxy_set_header X-Real-IP $remote_addr;",
            "  proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;",
            f"  server {{ listen {INGRESS_ADDRESS} default_server; return 404; }}",
            *servers,
            "}",
            "",
        ]
    )


def _key(document: Document) -> tuple[str, str]:
    return document["metadata"]["namespace"], document["metadata"]["name"]
