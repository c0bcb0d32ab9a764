"""Ours: `routeiq serve gateway` alone on its core, `routeiq serve routing` on the other one."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from routeiq import __version__
from routeiq.kit.key_files import create_private_key, save_public_key
from tests.perf import machine
from tests.perf.children import Child, Children
from tests.perf.scrape import read_metrics
from tests.perf.targets.target import Ports, Route, Target, Workload
from tests.support.ports import free_port

ROUTEIQ = str(Path(sys.executable).parent / "routeiq")
KEY = "sk-bench-a-master-key-that-is-long"
HEADERS = (f"authorization: Bearer {KEY}",)
LIKE = {"small": "gemma-2-9b-it", "medium": "llama-3.1-8b-instruct", "large": "llama-3.1-nemotron-51b-instruct"}
FALLBACK = "medium"
COMPILED = 'routeiq_build_info{compiled="true"'


@dataclass(frozen=True)
class Tracing:
    """Where spans go and how many requests have one."""

    endpoint: str
    share: float

    def environ(self) -> dict[str, str]:
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": str(self.share),
        }


@dataclass
class Suite:
    """Starts gateways and routing services that know each other."""

    children: Children
    upstream: Ports
    tracing: Tracing | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    """More of it, for the gateways."""
    tree: str = ""
    """Where the package is that runs; empty: where this process has found it."""

    def __post_init__(self) -> None:
        self.private, self.public = self.children.folder / "identity.key", self.children.folder / "identity.pub"
        if not self.private.exists():
            save_public_key(self.public, create_private_key(self.private).public_key())
        self.config = self.children.folder / "gateway.json"
        self.config.write_text(json.dumps(document(self.upstream)))

    def interpreted(self) -> Suite:
        """The same from the sources."""
        return replace(self, tree="")

    def _package(self) -> dict[str, str]:
        return {"PYTHONPATH": self.tree} if self.tree else {}

    def routing(self, name: str, port: int, ops_port: int) -> Child:
        """Returns once it listens; its model may still be loading."""
        environ = {
            "ROUTEIQ_ROUTING_PORT": str(port),
            "ROUTEIQ_ROUTING_OPS_PORT": str(ops_port),
            "ROUTEIQ_ROUTING_IDENTITY_PUBLIC_KEYS": str(self.public),
            "ROUTEIQ_ROUTING_THREADS": "1",
            **self._package(),
        }
        command = machine.on_other_core(ROUTEIQ, "serve", "routing")
        child = self.children.start(f"{name} routing", command, environ)
        child.wait_port(port)
        return child

    def gateway(self, name: str, port: int, ops_port: int, routing_port: int, config: Path | None = None) -> Child:
        """Returns once it listens."""
        environ = {
            "LITELLM_MASTER_KEY": KEY,
            "ROUTEIQ_GATEWAY_PORT": str(port),
            "ROUTEIQ_GATEWAY_OPS_PORT": str(ops_port),
            "ROUTEIQ_GATEWAY_ROUTING_ADDRESS": f"127.0.0.1:{routing_port}",
            "ROUTEIQ_GATEWAY_IDENTITY_KEY": str(self.private),
            **self._package(),
            **(self.tracing.environ() if self.tracing else {}),
            **self.environ,
        }
        command = machine.on_target_core(ROUTEIQ, "serve", "gateway", "--config", str(config or self.config))
        child = self.children.start(name, command, environ)
        child.wait_port(port)
        return child

    def target(self, name: str, *, routed: bool = False, workload: Workload | None = None) -> Target:
        """A gateway of its own, and for routing modes a routing service of its own."""
        port, ops_port, routing_port = free_port(), free_port(), free_port()
        routing = self.routing(name, routing_port, free_port()) if routed else None
        child = self.gateway(name, port, ops_port, routing_port)
        child.wait_port(ops_port)
        metrics_url = f"http://127.0.0.1:{ops_port}/metrics"
        return Target(
            name,
            dict.fromkeys(Route, port),
            child.pid,
            headers=HEADERS,
            workload=workload or Workload(),
            metrics_url=metrics_url,
            routing_pid=routing.pid if routing else 0,
            version=version(metrics_url),
        )


def version(metrics_url: str) -> str:
    """As the running gateway has it."""
    compiled = any(COMPILED in name for name in read_metrics(metrics_url))
    return f"{__version__}, {'compiled' if compiled else 'interpreted'}"


def document(upstream: Ports) -> dict[str, object]:
    """A model for each behaviour of the upstream, and three that `auto` chooses between."""
    models = [_model(str(route), port) for route, port in upstream.items()]
    models += [_model(name, upstream[Route.PLAIN], like) for name, like in LIKE.items()]
    auto = {"models": [*LIKE], "fallback": FALLBACK}
    return {"model_list": models, "routeiq": {"auto": auto}}


def _model(name: str, port: int, like: str = "") -> dict[str, object]:
    params = {"model": f"openai/{name}", "api_base": f"http://127.0.0.1:{port}/v1", "api_key": "none"}
    return {
        "model_name": name,
        "litellm_params": params,
        "model_info": {"input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6}
        | ({"routeiq": {"like": like}} if like else {}),
    }
