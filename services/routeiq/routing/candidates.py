"""Bring together the models that a request offers and the models that an artifact knows.

A candidate that the artifact knows, by its name or by `like`, takes its predictions, moved by its own offset and
prices. Any other gets a prior from its price tier, marked as such. Costs are USD for one request."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from routeiq.kit.errors import InvalidRequest

MAX_CANDIDATES = 1000
TYPICAL_INPUT_TOKENS = 128
TYPICAL_OUTPUT_TOKENS = 256
UNPRICED_QUALITY = 0.5
_TIERS = ((0.3, 0.45), (1.0, 0.55), (5.0, 0.65), (math.inf, 0.72))  # USD per million tokens up to, quality


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million tokens."""

    input: float
    output: float

    def cost_usd(self, input_tokens: float, output_tokens: float) -> float:
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that a request offers. `like`: a model of the artifact, empty for the one of its own name."""

    name: str
    like: str = ""
    quality_offset: float = 0.0
    prices: Prices | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A model of the artifact: its means over the training prompts, and its prices there if they are known."""

    name: str
    mean_quality: float
    mean_cost_usd: float
    prices: Prices | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One candidate, predicted for one prompt. `prior`: its quality was not learned from data."""

    model: str
    quality: float
    cost_usd: float
    prior: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """A candidate and the column of the artifact's predictions that speaks for it; None: none does."""

    candidate: Candidate
    column: int | None
    known: Known | None


class Slate:
    """The candidates of one request against one artifact. Immutable."""

    def __init__(self, candidates: Sequence[Candidate], known: Sequence[Known]) -> None:
        """Args: candidates: none means every model of the artifact.

        Raises: InvalidRequest: there is none at all, a name is missing or twice there, a number is impossible."""
        columns = {model.name: column for column, model in enumerate(known)}
        offered = candidates or [Candidate(model.name) for model in known]
        _check(offered)
        self._slots = [_slot(one, columns, known) for one in offered]
        self.knows_any = any(slot.column is not None for slot in self._slots)
        self._mean_cost = _mean([cost for slot in self._slots if (cost := _typical_cost(slot)) is not None])

    @property
    def mean_cost_usd(self) -> float:
        """What a typical request costs on average over the candidates: the unit of the cost weight. 0: unknown."""
        return self._mean_cost

    def options(self, quality: Sequence[float], cost_usd: Sequence[float], input_tokens: float) -> list[Option]:
        """The candidates in the request's order.

        Args: quality, cost_usd: the artifact's predictions, by column; empty where nothing is known.
        input_tokens: the prompt's length, estimated."""
        return [self._option(slot, quality, cost_usd, input_tokens) for slot in self._slots]

    def _option(self, slot: Slot, quality: Sequence[float], cost_usd: Sequence[float], input_tokens: float) -> Option:
        one = slot.candidate
        if slot.column is None or slot.known is None:
            prior = _clip(prior_quality(one.prices) + one.quality_offset)
            cost = self._mean_cost if one.prices is None else one.prices.cost_usd(input_tokens, TYPICAL_OUTPUT_TOKENS)
            return Option(one.name, prior, cost, prior=True)
        cost = reprice(cost_usd[slot.column], slot.known, one.prices, input_tokens)
        return Option(one.name, _clip(quality[slot.column] + one.quality_offset), cost, prior=False)


def prior_quality(prices: Prices | None) -> float:
    """A guess from what a model costs, as dearer models are mostly better. Source: routing.md, "Own models"."""
    if prices is None:
        return UNPRICED_QUALITY
    blended = (3 * prices.input + prices.output) / 4
    return next(quality for limit, quality in _TIERS if blended <= limit)


def reprice(cost_usd: float, known: Known, prices: Prices | None, input_tokens: float) -> float:
    """The predicted cost of a known model, at the prices that the candidate declares.

    With both price lists the answer's length is worked out from the prediction. Otherwise the prediction is scaled by
    what a typical request costs at either."""
    if prices is None:
        return cost_usd
    if known.prices is None or known.prices.output <= 0:
        return cost_usd * prices.cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS) / known.mean_cost_usd
    spent_on_output = cost_usd * 1e6 - input_tokens * known.prices.input
    return prices.cost_usd(input_tokens, max(spent_on_output / known.prices.output, 1.0))


def _slot(candidate: Candidate, columns: dict[str, int], known: Sequence[Known]) -> Slot:
    column = columns.get(candidate.like or candidate.name)
    return Slot(candidate, column, None if column is None else known[column])


def _typical_cost(slot: Slot) -> float | None:
    prices = slot.candidate.prices
    if slot.known is not None:
        return reprice(slot.known.mean_cost_usd, slot.known, prices, TYPICAL_INPUT_TOKENS)
    return None if prices is None else prices.cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS)


def _check(candidates: Sequence[Candidate]) -> None:
    names = {one.name for one in candidates}
    if not candidates:
        raise InvalidRequest("the request names no candidates and no artifact is loaded")
    if len(candidates) > MAX_CANDIDATES:
        raise InvalidRequest(f"there are more than {MAX_CANDIDATES} candidates")
    if len(names) != len(candidates) or "" in names:
        raise InvalidRequest("candidates must have distinct names")
    for one in candidates:
        prices = (one.prices.input, one.prices.output) if one.prices else ()
        if not math.isfinite(one.quality_offset) or not all(math.isfinite(price) and price >= 0 for price in prices):
            raise InvalidRequest(f"candidate {one.name!r}: its offset or a price is not a possible number")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _clip(quality: float) -> float:
    return min(max(quality, 0.0), 1.0)
