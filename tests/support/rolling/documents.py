"""Configuration documents that differ in one number, everywhere where an answer can show it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml

from tests.support.fleet import LIKE

Document = dict[str, object]
AUTO = {"fallback": "second", "deadline_ms": 5000}


def numbered(upstream: int, number: int, **sections: object) -> Document:
    """The model `m`, whose upstream model, path and key all have the number, and two simulated ones for `auto`.

    Args: upstream: its port.  sections: of the document, besides or instead.
    """
    params = {"model": f"openai/m-{number}", "api_base": f"http://127.0.0.1:{upstream}/{number}"}
    model = {"model_name": "m", "litellm_params": {**params, "api_key": f"sk-{number}"}}
    return {
        "model_list": [model, *(_simulated(name, like) for name, like in LIKE.items())],
        "router_settings": {"num_retries": 0},
        "routeiq": {"auto": AUTO},
        **sections,
    }


def going_out(**rules: object) -> Document:
    """Sections of a document that goes out by these rules (`routeiq.rollout`)."""
    return {"routeiq": {"auto": AUTO, "rollout": rules}}


def lacking(document: Document, variable: str) -> Document:
    """The same with one more model, which needs this variable of the environment."""
    params = {"model": "openai/x", "api_key": f"os.environ/{variable}", "api_base": "http://127.0.0.1:1/v1"}
    models = [*document["model_list"], {"model_name": "another", "litellm_params": params}]  # type: ignore[misc]
    return {**document, "model_list": models}


def failing(document: Document) -> Document:
    """The same, whose upstream answers with 500."""
    first, *others = document["model_list"]  # type: ignore[misc]
    params = {**first["litellm_params"], "model": "openai/broken"}
    return {**document, "model_list": [{**first, "litellm_params": params}, *others]}


def _simulated(name: str, like: str) -> Document:
    params = {"model": f"simulated/{name}", "tokens_per_second": 0, "ttft_ms": 0}
    return {"model_name": name, "litellm_params": params, "model_info": {"routeiq": {"like": like}}}


def written(document: Mapping[str, object]) -> bytes:
    """As YAML, a line for everything: a problem has a line of its own to be named by."""
    return yaml.safe_dump(json.loads(json.dumps(document)), sort_keys=False).encode()
