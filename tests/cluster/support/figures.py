"""What a run measured, by test."""

from __future__ import annotations

from typing import Protocol

FIGURES: list[tuple[str, str]] = []


class Note(Protocol):
    def __call__(self, *said: object) -> None: ...
