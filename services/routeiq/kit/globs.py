"""Patterns in which `*` stands for any text, however many there are: whoever chooses one cannot make a match slow.

What stands between two stars is found once, where it comes first, and never looked for again.
"""

from __future__ import annotations

import re
from functools import lru_cache

STAR = "*"
_REMEMBERED = 1024


@lru_cache(maxsize=_REMEMBERED)
def glob(pattern: str) -> re.Pattern[str]:
    """For `fullmatch`. A line break is no text."""
    first, *others = map(re.escape, pattern.split(STAR))
    if not others:
        return re.compile(first)
    *between, last = others
    return re.compile(f"{first}{''.join(f'(?>.*?{part})' for part in between)}.*{last}")
