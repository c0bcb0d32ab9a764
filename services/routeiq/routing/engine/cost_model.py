"""How long the encoder will take. The shape, base + slope * tokens, is measured once when an encoder is loaded; a
factor follows the machine's present speed.

The factor tracks the median of measured over expected, not the mean: on a noisy machine a mean sheds prompts that
would have been in time. Source of the goal: at most 2 of 200 prompts shed at 250 ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_STEP = 1.15  # one measurement moves the factor by this much, towards itself
_LOWEST, _HIGHEST = 0.1, 20.0


@dataclass(frozen=True, slots=True)
class EncodeTiming:
    """Seconds of one encoder run over `tokens` padded tokens: base_s + token_s * tokens."""

    base_s: float
    token_s: float

    def __call__(self, tokens: int) -> float:
        return self.base_s + self.token_s * tokens

    @classmethod
    def fit(cls, few: tuple[int, float], many: tuple[int, float]) -> EncodeTiming:
        """The line through two measurements (tokens, seconds); never falling, never below zero."""
        slope = max((many[1] - few[1]) / (many[0] - few[0]), 1e-7)
        return cls(max(few[1] - slope * few[0], 0.0), slope)


def padded(lengths: Sequence[int]) -> int:
    """Tokens that a run over prompts of these lengths computes."""
    return max(lengths, default=0) * len(lengths)


class CostModel:
    """Predicts and learns. For one event loop."""

    def __init__(self, timing: EncodeTiming) -> None:
        self._timing = timing
        self._factor = 1.0

    def reset(self, timing: EncodeTiming) -> None:
        """Start anew, for another encoder."""
        self._timing, self._factor = timing, 1.0

    def expect(self, tokens: int) -> float:
        """Seconds at the machine's present speed."""
        return self._timing(tokens) * self._factor

    def hope(self, tokens: int) -> float:
        """Seconds at twice the present or the calibrated speed, whichever is faster: for when nothing else runs.
        The calibration may itself have met a busy machine."""
        return self._timing(tokens) * min(self._factor, 1.0) / 2

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from one run."""
        ratio = seconds / self._timing(tokens)
        moved = self._factor * _STEP if ratio > self._factor else self._factor / _STEP
        nearer = min(moved, ratio) if ratio > self._factor else max(moved, ratio)
        self._factor = min(max(nearer, _LOWEST), _HIGHEST)
