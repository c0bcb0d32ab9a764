"""Which values of `litellm_params` are secret, and how they are kept: each text sealed as `{"sealed": "..."}`.

What is not known to be harmless is taken for a secret. Numbers and truth values are none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from routeiq.config.document import LitellmParams
from routeiq.config.document.models import REQUEST_DEFAULTS
from routeiq.config.merge import SEALED
from routeiq.config.words import words

Seal = Callable[[str], str]

WHERE = words(
    """
    api_base base_url tenant_id client_id azure_scope azure_username vertex_project vertex_location aws_region_name
    aws_session_name aws_profile_name aws_role_name aws_sts_endpoint aws_bedrock_runtime_endpoint watsonx_region_name
    region_name organization project litellm_credential_name
    """
)
"""Where a model is, and in whose name it is called: no secrets, and no business of those who only use it."""
_HOLDERS = frozenset({"api_key", "headers", "extra_headers", "extra_body", "tools"})
"""Secrets, or where secrets are put. `tools`: MCP's have headers."""
PLAIN = (LitellmParams.known() | REQUEST_DEFAULTS | WHERE) - _HOLDERS
_URLS = frozenset({"api_base", "base_url", "aws_sts_endpoint", "aws_bedrock_runtime_endpoint"})


def with_seals(params: Mapping[str, Any], seal: Seal) -> dict[str, Any]:
    """As they are stored. A null is no value."""
    return {
        name: _unmistakable(value, seal) if _is_plain(name, value) else _sealed(value, seal)
        for name, value in params.items()
        if value is not None
    }


def shown_params(params: Mapping[str, Any], *, to_users: bool = False) -> dict[str, Any]:
    """Of those that are stored, or stand in the document: without secrets. Args: to_users: and without `WHERE`."""
    return {
        name: value
        for name, value in params.items()
        if value is not None and (_is_plain(name, value) or not _has_text(value)) and not (to_users and name in WHERE)
    }


def _is_plain(name: str, value: Any) -> bool:
    if name in _URLS and not (isinstance(value, str) and "?" not in value):  # a query may hold a key
        return False
    return name in PLAIN or ("cost" in name and not _has_text(value))


def _sealed(value: Any, seal: Seal) -> Any:
    if isinstance(value, str):
        return {SEALED: seal(value)}
    if isinstance(value, dict):
        return {name: _sealed(one, seal) for name, one in value.items()}
    return [_sealed(one, seal) for one in value] if isinstance(value, list) else value


def _unmistakable(value: Any, seal: Seal) -> Any:
    """What only looks like something sealed is sealed, so that it comes out as it went in."""
    if isinstance(value, dict):
        if value.keys() == {SEALED}:
            return _sealed(value, seal)
        return {name: _unmistakable(one, seal) for name, one in value.items()}
    return [_unmistakable(one, seal) for one in value] if isinstance(value, list) else value


def _has_text(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_text, value.values()))
    return any(map(_has_text, value)) if isinstance(value, list) else isinstance(value, str)
