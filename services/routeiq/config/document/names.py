"""Names that clients send, headers and logs repeat, and people type: text of one line, without space around it."""

from __future__ import annotations

from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, Field

_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's control characters, halves of surrogate pairs, line and paragraph separators."""


def _one_line(name: str) -> str:
    if not name.isprintable() and not _BREAKS.isdisjoint(map(category, name)):
        raise ValueError("must not hold line breaks or other control characters")
    if name != name.strip():
        raise ValueError("must not begin or end with a space")
    return name


Name = Annotated[str, Field(min_length=1), AfterValidator(_one_line)]
