"""The known name that a misspelt one probably means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

CUTOFF = 0.7
"""difflib's similarity: `num_retrys` and `num_retries` have .86."""


def nearest(name: str, known: Iterable[str], *, cutoff: float = CUTOFF) -> str | None:
    """The most similar known name that is printable, or None where nothing is close. Case and `-` for `_` count for
    nothing.
    """
    plain = {_plain(candidate): candidate for candidate in sorted(known) if candidate.isprintable()}
    found = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or nothing."""
    found = nearest(name, known)
    return f"; did you mean {found}?" if found else ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
