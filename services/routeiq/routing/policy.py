"""The choice: argmax over the candidates of quality - weight * cost / mean cost. Source: routing.md, "The choice".

The cheap policy is the same rule on the models' means instead of a prompt's predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from routeiq.kit.errors import InvalidRequest
from routeiq.routing.candidates import Option


class Reason(StrEnum):
    """Short and stable: they stand in headers, traces and metrics."""

    HIGHEST_UTILITY = "highest_utility"
    QUALITY_LEAD = "quality_lead"  # it has the highest predicted quality too
    CHEAPER_THAN_BEST = "cheaper_than_best"  # another is better, by less than it costs more
    ONLY_CANDIDATE = "only_candidate"
    PRIOR = "prior"  # its quality is a guess from its price


@dataclass(frozen=True, slots=True)
class Ranked:
    """An option and its utility."""

    model: str
    quality: float
    cost_usd: float
    utility: float
    prior: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """`ranked` is never empty; the first is the chosen one."""

    ranked: tuple[Ranked, ...]
    reasons: tuple[Reason, ...]

    @property
    def selected(self) -> Ranked:
        return self.ranked[0]


def choose(options: Sequence[Option], cost_weight: float, mean_cost_usd: float) -> Choice:
    """Rank the options. Where utilities are equal the cheaper one wins, then the one named first.

    At weight 0 a prior comes after all that was learned: a guess never wins on quality alone.
    Raises: InvalidRequest: the weight is negative or not a number."""
    if not math.isfinite(cost_weight) or cost_weight < 0:
        raise InvalidRequest("cost_weight must be a number of at least 0")
    per_usd = cost_weight / mean_cost_usd if mean_cost_usd > 0 else 0.0
    ranked = [
        Ranked(one.model, one.quality, one.cost_usd, one.quality - per_usd * one.cost_usd, one.prior) for one in options
    ]
    ranked.sort(key=lambda one: (cost_weight == 0 and one.prior, -one.utility, one.cost_usd))
    return Choice(tuple(ranked), _reasons(ranked))


def _reasons(ranked: Sequence[Ranked]) -> tuple[Reason, ...]:
    selected = ranked[0]
    guessed = (Reason.PRIOR,) if selected.prior else ()
    if len(ranked) == 1:
        return (Reason.ONLY_CANDIDATE, *guessed)
    best = max(one.quality for one in ranked if one.prior <= selected.prior)
    why = Reason.QUALITY_LEAD if selected.quality >= best else Reason.CHEAPER_THAN_BEST
    return (Reason.HIGHEST_UTILITY, why, *guessed)
