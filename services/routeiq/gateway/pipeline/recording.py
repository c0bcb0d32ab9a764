"""Write into the journal what the pipeline knows of a request: who asks and what was chosen before an upstream is
called, what is said on the way, and what it came to.

A request is billed for what its upstream says that it comes to. One that ends before that is billed for what was
counted on the way, and for the prompt as far as it can be estimated: nothing at all where no upstream has answered. So
is one whose upstream says that what it sent came to nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from routeiq.config.state import Deployment
from routeiq.gateway.journal.journal import Journal
from routeiq.gateway.journal.records import Counts
from routeiq.gateway.journal.slots import Slot
from routeiq.gateway.journal.wire_record import Called, Seven, begun, tail
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.recording_head import LONGEST_NAME, Heads
from routeiq.gateway.pipeline.tally import Tally
from routeiq.gateway.plan import Outcome, Plan, Usage
from routeiq.gateway.spending.request_size import BYTES_A_TOKEN, prompt_bytes
from routeiq.kit.ids import uuid7

_NO_USAGE: Final = Usage()
_NOTHING: Final[Seven] = (0, 0, 0, 0, 0, 0, 0)


class Ended:
    """A request that is over, for who keeps accounts. `sequence`: in its journal; 0: there is none. `usage`: what it is
    billed for."""

    __slots__ = ("cost_nano_usd", "id", "journal", "sequence", "usage")

    def __init__(self, id_: str, journal: str, sequence: int, cost_nano_usd: int | None, usage: Usage) -> None:
        self.id, self.journal, self.sequence = id_, journal, sequence
        self.cost_nano_usd, self.usage = cost_nano_usd, usage


Settled = Callable[[Ended], None]


class Pricing(Protocol):
    """What tokens cost."""

    def cost_of(self, deployment: Deployment, usage: Usage) -> int | None:
        """In nano-USD; None: nobody knows."""
        ...

    def terms(self, deployment: Deployment) -> bytes:
        """What `cost_by` wants, later and elsewhere, to say the same. It is asked once for each deployment."""
        ...

    def cost_by(self, terms: bytes, usage: Usage) -> int | None: ...


class Unpriced:
    """Of who knows no prices."""

    def cost_of(self, deployment: Deployment, usage: Usage) -> int | None:
        return None

    def terms(self, deployment: Deployment) -> bytes:
        return b""

    def cost_by(self, terms: bytes, usage: Usage) -> int | None:
        return None


class Recording(Tally, Protocol):
    """Of one request."""

    @property
    def id(self) -> str:
        """Of its record."""
        ...

    def end(self, plan: Plan, outcome: Outcome) -> Ended:
        """Once, when all is over."""
        ...


class Recorder(Protocol):
    """Begins them."""

    def begin(self, context: Context, plan: Plan, identifier: str = "") -> Recording:
        """Args: identifier: of the record; empty: a new one.  Raises: RouteIQError: it cannot be written down, and must
        not be served."""
        ...


def prompt_tokens(context: Context) -> int:
    """A rough estimate, from the bytes of the prompt."""
    return prompt_bytes(context.call.body) // BYTES_A_TOKEN


class JournalRecorder:
    """Args: estimate: tokens of a request's input, where nobody says them."""

    def __init__(
        self, journal: Journal, pricing: Pricing, *, estimate: Callable[[Context], int] = prompt_tokens
    ) -> None:
        self.journal, self.pricing, self.estimate = journal, pricing, estimate
        self.called = PerDeployment(self._called)
        """As it stands in the journal."""
        self._heads = Heads(journal.id)

    def begin(self, context: Context, plan: Plan, identifier: str = "") -> Recording:
        """Raises: JournalFull."""
        identifier, deployment = identifier or uuid7(), plan.deployments[0]
        started_at = time.time_ns() // 1000 - int((time.monotonic() - context.started) * 1e6)
        estimate = self.estimate(context) if plan.stream else 0  # a whole answer that is cut short costs nothing
        head = self._heads.of(identifier, started_at, context, plan)
        slot = self.journal.begin(begun(head, self.called.of(deployment), estimate))
        return JournalRecording(self, slot, head, identifier, deployment, context)

    def _called(self, deployment: Deployment) -> Called:
        model, name = deployment.billed_as[:LONGEST_NAME], deployment.model[:LONGEST_NAME]
        return Called(model, deployment.id, deployment.provider, name, self.pricing.terms(deployment))


class JournalRecording:
    """In a slot of the journal, and in the end in a segment."""

    __slots__ = (
        "_context", "_cost", "_counts", "_deployment", "_final", "_first", "_head", "_recorder", "_slot", "_usage",
        "id",
    )  # fmt: skip

    def __init__(
        self,
        recorder: JournalRecorder,
        slot: Slot,
        head: bytes,
        identifier: str,
        deployment: Deployment,
        context: Context,
    ) -> None:
        self._recorder, self._slot, self._head, self.id = recorder, slot, head, identifier
        self._deployment, self._context = deployment, context
        self._usage: Usage | None = None
        """As far as it was reported."""
        self._final = False
        """Then `_counts` and `_cost` are what it comes to."""
        self._counts = _NOTHING
        self._cost: int | None = None
        self._first = 0.0

    def calling(self, deployment: Deployment) -> None:
        if deployment is self._deployment:
            self._slot.call()
        else:
            self._deployment = deployment
            self._slot.call_other(begun(b"", self._recorder.called.of(deployment)))

    def called_off(self) -> None:
        self._slot.uncall()

    def relaying(self, sent: int, events: int) -> None:
        if not self._first:
            self._first = time.monotonic()
        self._slot.relay(sent, events)

    def reported(self, usage: Usage, *, final: bool = True) -> None:
        final = final and (usage.output_tokens > 0 or not self._slot.events)  # what came was not nothing
        self._usage, self._final = usage, final
        cost = self._cost = self._recorder.pricing.cost_of(self._deployment, usage) if final else None
        counts = self._counts = _counted(usage)
        self._slot.report(counts, cost, final=final)

    def end(self, plan: Plan, outcome: Outcome) -> Ended:
        recorder, slot = self._recorder, self._slot
        deployment = outcome.deployment or self._deployment
        usage, metered = self._billed(outcome)
        if usage is self._usage and self._final:
            counts, cost = self._counts, self._cost
        else:
            counts, cost = _counted(usage), self._costs(deployment, usage)
        if outcome.cached:
            cost = 0
        fallback = outcome.fallback if not plan.decision.fallback else ""
        first = int((self._first - self._context.started) * 1e6) if plan.stream and self._first else 0
        journal = recorder.journal
        ended = tail(
            journal.sequence + 1, time.time_ns() // 1000, outcome.status, outcome.error, len(outcome.attempts),
            outcome.streamed_bytes, counts, metered, cost, outcome.cached, fallback, first,
        )  # fmt: skip
        sequence = journal.end(slot, b"".join((self._head, recorder.called.of(deployment).served, ended)))
        return Ended(self.id, journal.id, sequence, cost, usage)

    def _billed(self, outcome: Outcome) -> tuple[Usage, bool]:
        """What for, and whether that was counted on the way."""
        said, events = self._usage if outcome.usage is None else outcome.usage, self._slot.events
        if said is not None and (self._final or not outcome.error) and (said.output_tokens or not events):
            return said, False
        if said is not None:
            return said.making(max(said.output_tokens, events)), True
        if events or (outcome.status < 400 and not outcome.error and outcome.attempts):
            return Usage(self._recorder.estimate(self._context), events), True
        return _NO_USAGE, False

    def _costs(self, deployment: Deployment, usage: Usage) -> int | None:
        return 0 if usage is _NO_USAGE else self._recorder.pricing.cost_of(deployment, usage)


class NoRecording:
    """Of a request that is not written down."""

    __slots__ = ("id",)

    def __init__(self) -> None:
        self.id = ""

    def calling(self, deployment: Deployment) -> None: ...

    def called_off(self) -> None: ...

    def relaying(self, sent: int, events: int) -> None: ...

    def reported(self, usage: Usage, *, final: bool = True) -> None: ...

    def end(self, plan: Plan, outcome: Outcome) -> Ended:
        return Ended("", "", 0, None, outcome.usage or _NO_USAGE)


class NotRecording:
    """Where there is no journal."""

    def begin(self, context: Context, plan: Plan, identifier: str = "") -> Recording:
        return _NOT_RECORDED


_NOT_RECORDED: Final = NoRecording()


def _counted(usage: Usage) -> Seven:
    return (
        usage.input_tokens, usage.output_tokens, usage.cache_read, usage.cache_write, usage.audio_input,
        usage.reasoning, usage.audio_output,
    )  # fmt: skip


def usage_of(counts: Counts) -> Usage:
    """What was written down, for who knows prices."""
    return Usage(
        counts.input, counts.output, cache_read=counts.cache_read, cache_write=counts.cache_write,
        audio_input=counts.audio_input, reasoning=counts.reasoning, audio_output=counts.audio_output,
    )  # fmt: skip
