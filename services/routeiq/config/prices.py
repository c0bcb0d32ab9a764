"""Prices and capabilities from LiteLLM's price file, read as data: litellm itself is never imported.

The file has 3 MB and 4,000 entries. It is read once per build, in some 10 ms, and only what was asked for is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import msgspec

from routeiq.config.price import NO_COSTS, Costs, costs_in

FILE = "model_prices_and_context_window_backup.json"


class Wanted(NamedTuple):
    """A model to look up. `declared`: the document itself says which entry it means, so any provider's will do."""

    provider: str
    model: str
    declared: bool = False


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is publicly known of a model. Prices in USD a token; None: not stated."""

    input_price: float | None = None
    output_price: float | None = None
    mode: str | None = None
    max_input_tokens: int | None = None
    supports_tools: bool | None = None
    supports_vision: bool | None = None
    costs: Costs = NO_COSTS
    """All prices, of which the first two are the ordinary ones."""


class _Entry(msgspec.Struct):
    """The fields of interest. Some entries hold texts where numbers are meant, so the types are wide."""

    litellm_provider: str | None = None
    mode: str | None = None
    input_cost_per_token: float | str | None = None
    output_cost_per_token: float | str | None = None
    max_input_tokens: float | str | None = None
    max_tokens: float | str | None = None
    supports_function_calling: bool | None = None
    supports_vision: bool | None = None


_all = msgspec.json.Decoder(dict[str, object])


def price_file() -> Path | None:
    """Where the installed litellm keeps it; None without litellm."""
    spec = find_spec("litellm")
    folders = (spec.submodule_search_locations if spec else None) or ()
    return next((path for folder in folders if (path := Path(folder) / FILE).is_file()), None)


def read_facts(models: Iterable[Wanted], file: Path | None = None) -> Mapping[Wanted, ModelFacts]:
    """The facts of those models that the file knows. A file that cannot be read knows nothing."""
    wanted = set(models)
    path = (file or price_file()) if wanted else None
    if path is None:
        return {}
    entries = _read(path)
    found = {one: _find(one, entries) for one in wanted}
    return {one: facts for one, facts in found.items() if facts is not None}


def facts_of_providers(providers: Collection[str], file: Path | None = None) -> Mapping[str, ModelFacts]:
    """All that the file knows of these providers' models, by `provider/model`."""
    path = (file or price_file()) if providers else None
    entries = _read(path) if path else {}
    found: dict[str, ModelFacts] = {}
    for name, raw in entries.items():
        entry = _decode(raw)
        for provider in providers if entry is not None else ():
            if entry is not None and _same_provider(provider, entry.litellm_provider):
                found[f"{provider}/{name.removeprefix(f'{provider}/')}"] = _facts(entry, raw)
    return found


def _read(path: Path) -> Mapping[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    except (OSError, msgspec.DecodeError):
        return {}


def _find(wanted: Wanted, entries: Mapping[str, msgspec.Raw]) -> ModelFacts | None:
    """`provider/model` first; then `model` alone where the file says it is that provider's, or the document does."""
    raw = entries.get(f"{wanted.provider}/{wanted.model}")
    entry = _decode(raw)
    if entry is None:
        raw = entries.get(wanted.model)
        entry = _decode(raw)
        if entry is None or not (wanted.declared or _same_provider(wanted.provider, entry.litellm_provider)):
            return None
    return _facts(entry, raw)


def _same_provider(provider: str, listed: str | None) -> bool:
    """The file splits some providers: bedrock_converse, vertex_ai-language-models, ..."""
    return listed is not None and (listed == provider or listed.startswith((f"{provider}_", f"{provider}-")))


def _decode(raw: msgspec.Raw | None) -> _Entry | None:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=_Entry)
    except msgspec.DecodeError:
        return None


def _facts(entry: _Entry, raw: msgspec.Raw | None) -> ModelFacts:
    limit = _number(entry.max_input_tokens) or _number(entry.max_tokens)
    return ModelFacts(
        _number(entry.input_cost_per_token),
        _number(entry.output_cost_per_token),
        entry.mode,
        int(limit) if limit else None,
        entry.supports_function_calling,
        entry.supports_vision,
        costs_in(_all.decode(raw)) if raw is not None else NO_COSTS,
    )


def _number(value: float | str | None) -> float | None:
    return None if isinstance(value, str) else value
