"""Models that a start without a document can offer, and how a provider's answer becomes such offers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from routeiq.config.scalars import JSONValue
from routeiq.config.tiers import Tier, tier_of

MOST = 20
"""Of one source: a reseller lists hundreds, and each would be a candidate of `auto`."""

PUBLIC: Mapping[str, Mapping[Tier, str]] = {
    "openai": {Tier.SMALL: "gpt-6-luna", Tier.MEDIUM: "gpt-6.1-sol", Tier.LARGE: "gpt-6-astra"},
    "anthropic": {Tier.SMALL: "claude-haiku-5-5", Tier.MEDIUM: "claude-sonnet-5-5", Tier.LARGE: "claude-opus-5-5"},
}
"""One of each tier, from LiteLLM 1.106.2's price file: chat models with no deprecation date."""
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_NOT_CHAT = re.compile(
    r"whisper|tts|dall-e|image|moderation|audio|realtime|transcribe|rerank|davinci|babbage|sora|guard|ocr|-base$", re.I
)
_EMBEDDING = re.compile(r"embed|minilm|bge-|\be5-", re.I)
_NAME = re.compile(r"[\w.:/@+-]{1,200}")


@dataclass(frozen=True, slots=True)
class Offer:
    """One model. `key_name`: the environment variable with its key; `api_base`: None for the provider's usual one."""

    name: str
    provider: str
    tier: Tier
    key_name: str | None = None
    api_base: str | None = None
    mode: str = "chat"


def public_models(provider: str) -> tuple[Offer, ...]:
    """The provider's models that everybody knows."""
    return tuple(Offer(name, provider, tier, _KEYS[provider]) for tier, name in PUBLIC[provider].items())


def listed_models(answer: JSONValue) -> tuple[Offer, ...]:
    """From OpenAI's `GET /models`: `{"data": [{"id": ...}]}`. What is not for chat or embeddings is left out."""
    names = [name for item in _items(answer, "data") if (name := _name(item, "id")) and not _NOT_CHAT.search(name)]
    return tuple(Offer(name, "openai", tier_of(name), mode=_mode(name)) for name in dict.fromkeys(names))[:MOST]


def local_models(answer: JSONValue, base: str) -> tuple[Offer, ...]:
    """From Ollama's `GET /api/tags`: `{"models": [{"name": ..., "details": {"parameter_size": "8.0B"}}]}`."""
    offers = (_local(item, base) for item in _items(answer, "models"))
    return tuple(offer for offer in offers if offer is not None)[:MOST]


def _local(item: Mapping[str, JSONValue], base: str) -> Offer | None:
    name = _name(item, "name")
    if name is None:
        return None
    details = item.get("details")
    size = details.get("parameter_size") if isinstance(details, dict) else None
    tier = tier_of(name, size if isinstance(size, str) else "")
    return Offer(name.removesuffix(":latest"), "ollama", tier, api_base=base, mode=_mode(name))


def _items(answer: JSONValue, key: str) -> Iterator[Mapping[str, JSONValue]]:
    found = answer.get(key) if isinstance(answer, dict) else None
    return (item for item in found if isinstance(item, dict)) if isinstance(found, list) else iter(())


def _name(item: Mapping[str, JSONValue], key: str) -> str | None:
    """A plain name: the answer is another program's word."""
    name = item.get(key)
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def _mode(name: str) -> str:
    return "embedding" if _EMBEDDING.search(name) else "chat"
