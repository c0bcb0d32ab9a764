"""A guess of how strong a model is, and which candidate of the shipped artifact it behaves like.

For models that nobody measured yet: `model_info.routeiq.like` of one's own, and a router trained on them, are better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Tier(StrEnum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


LIKE: Mapping[Tier, str] = {
    Tier.SMALL: "gemma-2-9b-it",
    Tier.MEDIUM: "llama-3.1-8b-instruct",
    Tier.LARGE: "llama-3.1-nemotron-51b-instruct",
}
"""Candidates of the artifact made from multi_tasks: mean quality .53, .57, .62, at prices of 1 : 2 : 9, and each the
best of the three for some domain. At a cost weight of .03 each takes about a third of its test prompts."""

SMALL_BELOW, LARGE_FROM = 10, 40
"""Billions of parameters."""
_SIZE = re.compile(r"(?<![a-z0-9.])(?:\d+x)?(\d+(?:\.\d+)?)\s*([bm])(?![a-z0-9])", re.IGNORECASE)
_WORDS: Mapping[Tier, re.Pattern[str]] = {
    Tier.SMALL: re.compile(r"\b(mini|nano|micro|tiny|small|lite|haiku|flash|luna|instant|air)\b", re.IGNORECASE),
    Tier.LARGE: re.compile(r"\b(opus|large|pro|max|ultra|astra|heavy|fable|mythos)\b", re.IGNORECASE),
}


def tier_of(name: str, size: str = "") -> Tier:
    """From the number of parameters in `size` (`8.0B`) or in the name, else from words in the name, else medium."""
    billions = _billions(size) or _billions(name)
    if billions is not None:
        return Tier.SMALL if billions < SMALL_BELOW else Tier.MEDIUM if billions < LARGE_FROM else Tier.LARGE
    words = name.replace("_", "-")
    return next((tier for tier, pattern in _WORDS.items() if pattern.search(words)), Tier.MEDIUM)


def _billions(text: str) -> float | None:
    match = _SIZE.search(text)
    if match is None:
        return None
    return float(match[1]) / (1000 if match[2].lower() == "m" else 1)
