"""What an answer may be: right, an error that its fault explains, or neither, which fails the run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How a body ended."""

    WHOLE = "whole"
    """A completion, or a stream with its [DONE]."""
    ERROR = "error"
    """An error object, as a body or as the last event of a stream."""
    LEFT = "left"
    """We went away."""
    CUT = "cut"
    """The connection ended early, or nothing came."""
    ODD = "odd"
    """Bytes that are none of these."""


class Verdict(StrEnum):
    RIGHT = "right"
    EXPECTED = "expected error"
    UNEXPLAINED = "unexplained"
    HANG = "hang"


@dataclass(frozen=True)
class Answer:
    """What a client saw. `status` 0: no answer."""

    status: int
    ending: Ending
    seconds: float
    text: str = ""
    """The beginning of what was odd, or the error's code."""


Shape = tuple[int, Ending]
UPSTREAM_FAULT = frozenset({(status, Ending.ERROR) for status in (429, 500, 502, 503, 504)} | {(200, Ending.ERROR)})
"""What a failing upstream may become: an error object, before or after the first byte."""


@dataclass(frozen=True)
class Expectation:
    """Of one kind of traffic."""

    right: frozenset[Shape]
    disturbed: frozenset[Shape] = frozenset()
    """Allowed besides while its upstream is being killed."""

    def judge(self, answer: Answer, *, disturbed: bool, limit_s: float) -> Verdict:
        """`limit_s`: beyond it no answer may take, good or bad."""
        if answer.seconds > limit_s:
            return Verdict.HANG
        shape = (answer.status, answer.ending)
        if shape in self.right:
            return Verdict.RIGHT
        return Verdict.EXPECTED if disturbed and shape in self.disturbed else Verdict.UNEXPLAINED


WHOLE = frozenset({(200, Ending.WHOLE)})
GOOD = Expectation(WHOLE)
FRAGILE = Expectation(WHOLE, UPSTREAM_FAULT)
FAILS = Expectation(UPSTREAM_FAULT)
LEAVES = Expectation(frozenset({(200, Ending.LEFT), (200, Ending.WHOLE)}))


def refused(*statuses: int) -> Expectation:
    """The client's own mistake, always answered with an error object."""
    return Expectation(frozenset((status, Ending.ERROR) for status in statuses))
