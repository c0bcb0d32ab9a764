"""What the chart is told in the tests: two pods of what serves, bundled servers, simulated models, one of them slow."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.support.target import Target

Values = dict[str, Any]

SERVICES = ("gateway", "routing", "control", "config-sync", "a2a-registry", "mcp-registry")
TWICE = ("gateway", "routing", "control", "config-sync")
SMALL = {"resources": {"requests": {"cpu": "20m", "memory": "64Mi"}}}
"""All of it, and one pod more, has to fit on one small node."""
SLOW = {"tokens_per_second": 10, "output_tokens": 60, "ttft_ms": 0}
"""Of a stream: six seconds."""
STREAM_S = 6.0

DOCUMENT: Values = {
    "model_list": [
        {
            "model_name": name,
            "litellm_params": {"model": f"simulated/{name}", **pace},
            "model_info": {"routeiq": {"like": like}},
        }
        for name, like, pace in (
            ("small", "gemma-2-9b-it", {"tokens_per_second": 0, "ttft_ms": 0}),
            ("large", "llama-3.1-nemotron-51b-instruct", {"tokens_per_second": 0, "ttft_ms": 0}),
        )
    ]
    + [{"model_name": "slow", "litellm_params": {"model": "simulated/slow", **SLOW}}],
    "routeiq": {"auto": {"models": ["small", "large"], "fallback": "small", "deadline_ms": 2000}},
}


def host_of(namespace: str) -> str:
    """By which an ingress controller, that others may use at the same time, knows a release."""
    return f"{namespace}.test"


def values_for(target: Target, namespace: str) -> Values:
    """Of the release that most tests share."""
    return {
        "image": {"registry": target.registry, "tag": target.tag},
        "drain": {"maxStreamSeconds": 15, "endpointSeconds": 3},
        "config": {"document": deepcopy(DOCUMENT)},
        "services": {name: {"replicas": 2 if name in TWICE else 1, **SMALL} for name in SERVICES},
        "bundled": bundled(target),
        "networkPolicy": {"enabled": True},
        "ingress": {"enabled": True, "className": target.ingress_class, "host": host_of(namespace)},
    }


def bundled(target: Target) -> Values:
    """PostgreSQL, Redis and NATS of the chart, of the target's images."""
    storage = {"storageClassName": target.storage_class, "size": "1Gi"}
    parts: Values = {"postgres": {"storage": storage}, "redis": {}, "nats": {"storage": storage}}
    for part, image in target.servers.items():
        parts[part]["image"] = image
    return parts


def merged(values: Values, change: Values) -> Values:
    """As helm merges files of values: mappings into each other, everything else anew."""
    together = dict(values)
    for name, new in change.items():
        old = together.get(name)
        together[name] = merged(old, new) if isinstance(old, dict) and isinstance(new, dict) else new
    return together
