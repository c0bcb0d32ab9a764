"""One turn of the loop in stages: all that has come is read, answers are passed on, requests begin, everything is
written, and then what is over is settled (docs/adr/0031).

A request from end to end is more code than a processor's caches hold, so that each one would fetch all of it again.
Stage by stage, what one has fetched the next ones use. Nobody waits for company, and the last stage costs an answer
nothing, for it has left.

What is over is settled before anything begins that was read after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

import structlog

log = structlog.get_logger()

Step = Callable[[], None]


class Writer(Protocol):
    """Who has something to write."""

    def flush(self) -> None: ...


class Turn:
    """Of one loop, in which all of it is called."""

    __slots__ = ("_answers", "_call_soon", "_calls", "_due", "_ends", "_requests", "_writers", "alone")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon
        self.alone = False
        """Whether the next write need not wait for others: there is one answer or request in this turn, and no more."""
        self._due = False
        self._answers: list[Step] = []
        self._requests: list[Step] = []
        self._calls: list[Step] = []
        self._writers: list[Writer] = []
        self._ends: list[Step] = []

    def answer(self, step: Step) -> None:
        """Once all is read, and before any request begins."""
        self._answers.append(step)
        self._run_soon()

    def begin(self, step: Step) -> None:
        """After the answers of this turn."""
        self._requests.append(step)
        self._run_soon()

    def call(self, step: Step) -> None:
        """After the requests of this turn."""
        self._calls.append(step)
        self._run_soon()

    def write(self, writer: Writer) -> None:
        """After the requests of this turn."""
        self._writers.append(writer)
        self._run_soon()

    def end(self, step: Step) -> None:
        """After the writes of this turn."""
        self._ends.append(step)
        self._run_soon()

    def _run_soon(self) -> None:
        if not self._due:
            self._due = True
            self._call_soon(self._run)

    def _run(self) -> None:
        self._due = False
        self._end()  # what ended outside of the stages
        answers, self._answers = self._answers, []
        requests, self._requests = self._requests, []
        self.alone = len(answers) + len(requests) == 1 and not self._writers
        _do(answers)
        _do(requests)
        calls, self._calls = self._calls, []
        _do(calls)
        self.alone = False
        writers, self._writers = self._writers, []
        for writer in writers:
            try:
                writer.flush()
            except Exception:
                log.exception("turn.failed")
        self._end()

    def _end(self) -> None:
        if self._ends:
            ends, self._ends = self._ends, []
            _do(ends)


def _do(steps: list[Step]) -> None:
    for step in steps:
        try:
            step()
        except Exception:
            log.exception("turn.failed")


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turn] = WeakKeyDictionary()


def turn_of(loop: asyncio.AbstractEventLoop) -> Turn:
    turn = _turns.get(loop)
    if turn is None:
        turn = _turns[loop] = Turn(loop)
    return turn
