"""What a model that is added by API may not lead to: addresses that the outbound policy refuses, and files, variables
and tokens of the gateway's machine. Whoever may add models is not thereby let into the machine.

References of the form `os.environ/NAME` are refused where the model is built (`config.merge`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from routeiq.config.document.models import REQUEST_DEFAULTS
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import Origin, OutboundPolicy

_CREDENTIALS = frozenset({"vertex_credentials", "vertex_ai_credentials"})
"""LiteLLM takes a text that is no JSON for the name of a file."""
_OF_THE_MACHINE = "oidc/"
"""`oidc/file/...`, `oidc/env/...`, `oidc/google/...`: LiteLLM reads the token where it runs."""


def forbidden(params: Mapping[str, Any], policy: OutboundPolicy) -> list[str]:
    """What is wrong with them, by parameter and without values."""
    return [f"litellm_params.{name}: {said}" for name, value in params.items() for said in _of(name, value, policy)]


def _of(name: str, value: Any, policy: OutboundPolicy) -> Iterator[str]:
    if name in _CREDENTIALS and isinstance(value, str) and not _is_object(value):
        yield "must be the credentials themselves, as JSON; only the document may name a file"
    for text in _texts(value):
        if text.startswith(_OF_THE_MACHINE):
            yield "refers to a token of the gateway's machine, which only the document may"
        if name not in REQUEST_DEFAULTS and text.lower().startswith(("http://", "https://")):
            yield from _refusals(text, policy)


def _refusals(url: str, policy: OutboundPolicy) -> Iterator[str]:
    try:
        policy.check_url(url, Origin.OPERATOR)
    except RouteIQError as refused:
        yield refused.message


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
