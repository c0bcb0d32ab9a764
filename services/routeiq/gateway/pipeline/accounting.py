"""What a request takes before it is served, and settles when it is over: rates, budgets, its line in the journal.

All of it or nothing: whatever refuses, what was taken before is given back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from routeiq.config.state import Deployment
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.limits import RateLimits, Taken
from routeiq.gateway.pipeline.recording import NotRecording, Recorder, Recording
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.pipeline.spend import Reserved, Spend
from routeiq.gateway.plan import NO_FALLBACKS, FallbackGroups, Fallbacks, Outcome, Plan
from routeiq.kit.asgi import Answer

_NOT_MADE: Final = Outcome(503, None, (), None, 0)


class Account:
    """Of one request."""

    __slots__ = ("recording", "reserved", "taken")

    def __init__(self, recording: Recording, taken: Taken | None, reserved: Reserved | None) -> None:
        self.recording, self.taken, self.reserved = recording, taken, reserved

    def settle(self, plan: Plan, outcome: Outcome) -> None:
        """Once, when all is over."""
        if self.taken is not None:
            self.taken.settle(outcome)
        ended = self.recording.end(plan, outcome)
        if self.reserved is not None:
            self.reserved.over(outcome, ended)


class Accounting:
    """The stages that keep accounts. Args: recorder: None: nothing is written down.  spend: None: nobody has a
    budget."""

    def __init__(self, limits: RateLimits, recorder: Recorder | None = None, spend: Spend | None = None) -> None:
        self.limits, self.spend = limits, spend
        self.recorder: Recorder = NotRecording() if recorder is None else recorder

    def waits(self, caller: Caller) -> bool:
        """Whether `reserve` has to be awaited; else `reserve_now` decides."""
        spend = self.spend
        return bool(caller.holders) and spend is not None and spend.book.waits and spend.governs(caller)

    def reserve_now(self, context: Context, selection: Selection, answer: Answer) -> Reserved | None:
        """Of the caller's budgets what the request may cost; None: nothing. Who asks must go on to `begin`.

        Raises: RateLimitExceeded, LimitsUnavailable; as `Spend.reserve_now`."""
        spend = self.spend
        if spend is None or not context.caller.holders:
            return None
        self.limits.look(context, answer)
        return spend.reserve_now(context, _every(selection))

    async def reserve(self, context: Context, selection: Selection, answer: Answer) -> Reserved | None:
        """The same, wherever it is decided."""
        spend = self.spend
        if spend is None or not context.caller.holders:
            return None
        self.limits.look(context, answer)
        return await spend.reserve(context, _every(selection))

    def begin(self, context: Context, plan: Plan, answer: Answer, reserved: Reserved | None) -> Account:
        """Count the request, and write down that it begins. Who has it must `settle` it.

        Raises: RateLimitExceeded.  LimitsUnavailable.  JournalFull.  Nothing is taken then."""
        taken = None
        try:
            size, identifier = (None, "") if reserved is None else (reserved.size, reserved.id)
            taken = self.limits.take(context, plan.deployments[0], answer, size)
            return Account(self.recorder.begin(context, plan, identifier), taken, reserved)
        except BaseException:
            if taken is not None:
                taken.settle(_NOT_MADE)
            if reserved is not None:
                reserved.release()
            raise


def within(selection: Selection, reserved: Reserved | None) -> Selection:
    """Without the models that nothing is left for. The first has its own."""
    if reserved is None or not reserved.barred:
        return selection
    allows, fallbacks = reserved.allows, selection.fallbacks

    def left(groups: FallbackGroups) -> FallbackGroups:
        some = (tuple(filter(allows, group)) for group in groups)
        return tuple(group for group in some if group)

    kept = Fallbacks(left(fallbacks.general), left(fallbacks.context_window), left(fallbacks.content_policy))
    return selection.among(tuple(filter(allows, selection.deployments)), selection.decision, kept)


def _every(selection: Selection) -> Sequence[Deployment]:
    """That may serve it: also where those that are asked first fail."""
    fallbacks = selection.fallbacks
    if fallbacks is NO_FALLBACKS:
        return selection.deployments
    groups = (*fallbacks.general, *fallbacks.context_window, *fallbacks.content_policy)
    return [*selection.deployments, *(one for group in groups for one in group)]
