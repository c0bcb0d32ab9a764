"""What a model's tokens cost: exact integers of 10^-18 USD (atto-USD) a token, made from prices by LiteLLM's names.

A price is that of a kind of token, may be another above so many input tokens (for the whole request), and another in a
service tier. Which kinds fall back on which others is LiteLLM's rule, and so is what an entry inherits from the price
file. Source: litellm 1.106.2, `litellm_core_utils/llm_cost_calc` and `Router._inherit_builtin_*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from math import isfinite
from operator import itemgetter
from sys import intern
from types import MappingProxyType
from typing import NamedTuple

from routeiq.config.words import words

Costs = tuple[tuple[str, float], ...]
"""Prices in USD by LiteLLM's names, in the order of these."""
NO_COSTS: Costs = ()

INPUT, OUTPUT = "input_cost_per_token", "output_cost_per_token"
_CACHE_READ, _CACHE_WRITE = "cache_read_input_token_cost", "cache_creation_input_token_cost"
_CACHE_WRITE_1H = "cache_creation_input_token_cost_above_1hr"
_INPUT_AUDIO, _INPUT_IMAGE = "input_cost_per_audio_token", "input_cost_per_image_token"
_REASONING = "output_cost_per_reasoning_token"
_OUTPUT_AUDIO, _OUTPUT_IMAGE = "output_cost_per_audio_token", "output_cost_per_image_token"
_PER_REQUEST, _TIERS = "input_cost_per_request", "tiered_pricing"
_BY_INPUT = (_CACHE_WRITE_1H, INPUT, OUTPUT, _CACHE_READ, _CACHE_WRITE, _REASONING)
_CACHED = frozenset({_CACHE_READ, _CACHE_WRITE, _CACHE_WRITE_1H})
_FALLS_BACK = ((_CACHE_READ, INPUT), (_CACHE_WRITE, INPUT), (_CACHE_WRITE_1H, _CACHE_WRITE), (_REASONING, OUTPUT))
"""Within one of `tiered_pricing`'s tiers."""

SERVICE_TIERS: Mapping[str, str] = MappingProxyType(
    {
        "flex": "flex", "balanced": "balanced", "priority": "priority", "fast": "priority", "ultrafast": "ultrafast",
        "batch": "batches",
    }
)  # fmt: skip
"""What answers call a service tier -> how its prices' names end. Others, such as `default`, have no prices."""
_TIERED = words("flex balanced priority ultrafast batches")
_SUFFIX = rf"(?:_(?:{'|'.join(sorted(_TIERED))}))?"
_PLAIN = "|".join((*_BY_INPUT, _INPUT_AUDIO, _INPUT_IMAGE, _OUTPUT_AUDIO, _OUTPUT_IMAGE))
_NAME = re.compile(
    rf"(?:{'|'.join(_BY_INPUT)})_above_\d{{1,12}}k?_tokens{_SUFFIX}|(?:{_PLAIN}){_SUFFIX}|{_PER_REQUEST}"
)
_ABOVE = re.compile(r"_above_(\d+)(k?)_tokens")
_INCLUSIVE = frozenset({"xai"})
"""Providers whose higher price begins at the limit, not above it."""
_CACHED_SHARE = MappingProxyType({"fireworks_ai": Decimal("0.5")})
"""Of the input's price, where a provider says so for all its models."""
_EXACT = Context(prec=60)
_ATTO = Decimal(10) ** 18
_DEAREST = 1e6


class InputRates(NamedTuple):
    """Atto-USD a token."""

    plain: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    audio: int
    image: int


class OutputRates(NamedTuple):
    """Atto-USD a token."""

    plain: int
    reasoning: int
    audio: int
    image: int


class Level(NamedTuple):
    """The rates of requests of at least so many input tokens; None: not known."""

    least: int
    input: InputRates | None
    output: OutputRates | None
    most_input: int | None
    """The dearest that text can be here or below, whatever becomes of it."""
    most_output: int | None


@dataclass(frozen=True, slots=True)
class Price:
    """Of one model. `said` is what it was made of."""

    said: Costs
    levels: tuple[Level, ...]
    """By growing `least`; the first one's is 0."""
    tiers: Mapping[str, tuple[Level, ...]]
    """By service tier, as SERVICE_TIERS has it, those that have prices of their own."""

    def at(self, input_tokens: int, service_tier: str = "") -> Level:
        """What a request pays."""
        levels = self.levels_of(service_tier)
        found = levels[0]
        if len(levels) > 1:
            for level in levels:
                if input_tokens < level.least:
                    break
                found = level
        return found

    def levels_of(self, service_tier: str) -> tuple[Level, ...]:
        return self.tiers.get(service_tier, self.levels) if service_tier else self.levels


def costs_in(said: Mapping[str, object]) -> Costs:
    """The prices among what an entry, of a document or of the price file, says. What is no price is passed over."""
    found = {name: cost for name, value in said.items() if _NAME.fullmatch(name) and (cost := _cost(value)) is not None}
    tiers = said.get(_TIERS)
    if isinstance(tiers, list):
        found |= dict(_flat(tiers, found))
    return tuple(sorted((intern(name), cost) for name, cost in found.items()))


def is_price(name: str) -> bool:
    """Whether an entry's field is read here."""
    return name == _TIERS or _NAME.fullmatch(name) is not None


def unreadable(said: Mapping[str, object]) -> list[str]:
    """Those among the prices of an entry that are none."""
    return [
        name
        for name, value in said.items()
        if (_NAME.fullmatch(name) and _cost(value) is None) or (name == _TIERS and not isinstance(value, list))
    ]


def merged(own: Costs, listed: Costs) -> Costs:
    """What an entry says itself, and of what is listed of its model what that leaves in force.

    Who names an input or an output price names another contract: of the list only the prices of cached tokens and of
    service tiers then hold, as in LiteLLM; none of them beside a price of 0."""
    if not own or not listed:
        return own or listed
    said = dict(own)
    kept = {name: cost for name, cost in listed if _stays(name, said.get(OUTPUT if name.startswith("out") else INPUT))}
    return tuple(sorted((kept | said).items()))


@lru_cache(maxsize=1024)
def price_of(costs: Costs, provider: str = "") -> Price | None:
    """None: nothing is known of what its tokens cost. Equal ones are made once."""
    said = {name: _atto(cost) for name, cost in costs}
    share = _CACHED_SHARE.get(provider)
    if share is not None and INPUT in said and _CACHE_READ not in said:
        said[_CACHE_READ] = int(said[INPUT] * share)
    above = _limits(said)
    if not (INPUT in said or OUTPUT in said) or said.get(_PER_REQUEST):
        return None
    extra = 0 if provider in _INCLUSIVE else 1
    levels = _levels(said, above, "", extra)
    tiers = {
        tier: _levels(said, above, f"_{tier}", extra)
        for tier in _TIERED
        if any(name.endswith(f"_{tier}") for name in said)
    }
    return Price(costs, levels, MappingProxyType(tiers))


def _cost(value: object) -> float | None:
    """YAML reads 1e-6 as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        cost = float(value)
    except (ValueError, OverflowError):
        return None
    return cost if isfinite(cost) and 0 <= cost <= _DEAREST else None


def _atto(cost: float) -> int:
    """A float is what its shortest text says: 0.1 is a tenth."""
    return int((_EXACT.multiply(Decimal(repr(cost)), _ATTO)).to_integral_value(ROUND_HALF_EVEN))


def _stays(name: str, own: float | None) -> bool:
    if own is None:
        return True
    return own > 0 and (name in _CACHED or name.rpartition("_")[2] in _TIERED)


def _flat(tiers: list[object], beside: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """`tiered_pricing` by the names of other prices. What a tier does not price falls back within it, but its output on
    the model's."""
    begun = ((_begin(tier.get("range")), tier) for tier in tiers if isinstance(tier, dict))
    usable = [(begin, tier) for begin, tier in begun if begin is not None and _cost(tier.get(INPUT)) is not None]
    for position, (begin, tier) in enumerate(sorted(usable, key=itemgetter(0))):
        said = {name: cost for name in _BY_INPUT if (cost := _cost(tier.get(name))) is not None}
        if OUTPUT in beside:
            said.setdefault(OUTPUT, beside[OUTPUT])
        if position:
            for name, other in _FALLS_BACK:
                if other in said:
                    said.setdefault(name, said[other])
        where = f"_above_{begin}_tokens" if position else ""
        yield from ((f"{name}{where}", cost) for name, cost in said.items())


def _begin(limits: object) -> int | None:
    """Above how many tokens a tier holds; None: it does not say so."""
    first = limits[0] if isinstance(limits, list) and limits else None
    return int(first) if isinstance(first, int | float) and 0 <= first < 10**12 else None


def _limits(said: Mapping[str, int]) -> list[tuple[int, str]]:
    """(above how many input tokens, how names say it), growing."""
    matches = {match[0]: match for name in said if (match := _ABOVE.search(name))}
    return sorted((int(match[1]) * (1000 if match[2] else 1), where) for where, match in matches.items())


def _levels(said: Mapping[str, int], above: list[tuple[int, str]], tier: str, extra: int) -> tuple[Level, ...]:
    """Each has the rates of those before it where it has none of its own."""
    rates: dict[str, int] = {}
    levels: list[Level] = []
    most_input, most_output = None, None
    for least, where in ((0, ""), *((tokens + extra, where) for tokens, where in above)):
        for name in _BY_INPUT:
            rate = said.get(f"{name}{where}{tier}", said.get(f"{name}{where}"))
            if rate is not None:
                rates[name] = rate
        sent, made = _input_rates(said, rates, tier), _output_rates(said, rates, tier)
        most_input = max(most_input or 0, sent.plain, sent.cache_write) if sent is not None else most_input
        most_output = max(most_output or 0, made.plain, made.reasoning) if made is not None else most_output
        levels.append(Level(least, sent, made, most_input, most_output))
    return tuple(levels)


def _input_rates(said: Mapping[str, int], rates: Mapping[str, int], tier: str) -> InputRates | None:
    plain = rates.get(INPUT)
    if plain is None:
        return None
    written = rates.get(_CACHE_WRITE, plain)
    return InputRates(
        plain,
        rates.get(_CACHE_READ, plain),
        written,
        rates.get(_CACHE_WRITE_1H, written),
        said.get(f"{_INPUT_AUDIO}{tier}", said.get(_INPUT_AUDIO, plain)),
        said.get(f"{_INPUT_IMAGE}{tier}", said.get(_INPUT_IMAGE, plain)),
    )


def _output_rates(said: Mapping[str, int], rates: Mapping[str, int], tier: str) -> OutputRates | None:
    plain = rates.get(OUTPUT)
    if plain is None:
        return None
    thought = rates.get(_REASONING, plain)
    if tier and f"{_REASONING}{tier}" not in said and f"{OUTPUT}{tier}" in said:
        thought = plain
    return OutputRates(plain, thought, said.get(_OUTPUT_AUDIO, plain), said.get(_OUTPUT_IMAGE, plain))
