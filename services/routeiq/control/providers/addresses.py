"""Where a provider's key goes, and where it lists its models: one small call that shows whether both are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from routeiq.config.provider_addresses import (
    ADDRESSES,
    ANTHROPIC_VERSION,
    AZURE_VERSION,
    anthropic_base,
    azure_base,
    openai_base,
)
from routeiq.config.provider_entries import kind_of
from routeiq.kit.outbound import Target
from routeiq.kit.outbound.hosts import parse_url

GEMINI = "https://generativelanguage.googleapis.com"
"""litellm's, where the gateway calls it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A GET."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def models_call(name: str, base_url: str | None, key: str | None) -> Call | None:
    """None: nobody here knows how to ask that provider. Args: name: the provider's own."""
    kind, bearer = kind_of(name), {"authorization": f"Bearer {key}"} if key else {}
    if kind == "anthropic":
        headers = {"anthropic-version": ANTHROPIC_VERSION} | ({"x-api-key": key} if key else {})
        return Call(f"{anthropic_base(base_url)}/models?limit=1", headers)
    if kind == "azure" and base_url:
        base, versioned = azure_base(base_url)
        query = f"?api-version={AZURE_VERSION}" if versioned else ""
        return Call(f"{base}/models{query}", {"api-key": key} if key else {})
    if kind == "gemini" and (base_url or GEMINI).rstrip("/") == GEMINI:
        return Call(f"{GEMINI}/v1beta/models?pageSize=1", {"x-goog-api-key": key} if key else {})
    base = openai_base(kind, base_url)
    return Call(f"{base}/models", bearer) if base else None


def destination(name: str, base_url: str | None) -> tuple[str, Target | None]:
    """Where a provider's key goes, less the path. None: where the provider's own client knows. Raises: InvalidURL."""
    kind = kind_of(name)
    address = base_url or ADDRESSES.get(kind)
    return kind, replace(parse_url(address), path="") if address else None
