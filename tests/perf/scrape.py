"""Counters out of the gateway's Prometheus text, without knowing more of it than names."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Mapping

_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(\{[^}]*\})?\s+(\S+)")
CACHE = "decision_cache"
HITS, MISSES = re.compile(r"hit", re.I), re.compile(r"miss", re.I)


def read_metrics(url: str) -> dict[str, float]:
    """Sample -> value, with its labels in the name as they stand; nothing where there is no URL or no answer."""
    if not url:
        return {}
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return parse(answer.read().decode())
    except OSError:
        return {}


def parse(text: str) -> dict[str, float]:
    found = (_LINE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return {one[1] + (one[2] or ""): float(one[3]) for one in found if one}


def hit_rate(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """Hits of the decision cache over its look-ups between two readings; None: it says nothing of either.

    Counters are found by what they are called (or labelled), so that a renamed metric is "n/a" and no crash.
    """
    hits = misses = 0.0
    for name, value in after.items():
        if CACHE in name and "_created" not in name:
            grown = value - before.get(name, 0.0)
            kind = name.partition(CACHE)[2]
            hits += grown if HITS.search(kind) else 0.0
            misses += grown if MISSES.search(kind) and not HITS.search(kind) else 0.0
    return hits / (hits + misses) if hits + misses else None
