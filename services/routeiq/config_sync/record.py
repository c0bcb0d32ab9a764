"""How far the fleet is: what is wanted of it, what is tried, what was refused, and the last releases.

One JSON value in NATS, changed by compare-and-set alone: who leads writes it before it writes what follows from it, so
that the next leader finds every step either not begun or known. Times are milliseconds since 1970.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

KEPT = 10
"""Releases, and refusals."""


class Phase(StrEnum):
    """Where a rollout is."""

    CANARY = "canary"
    """The first replicas apply it."""
    OBSERVING = "observing"
    """They serve from it, and are watched."""
    DESIRED = "desired"
    """All apply it."""
    SETTLING = "settling"
    """All serve from it, and are watched."""
    BACK = "back"
    """All return to the last good one."""


class Fate(StrEnum):
    """What became of a release."""

    ROLLING_OUT = "rolling_out"
    DONE = "done"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"


class Release(msgspec.Struct, frozen=True):
    """As in `fleet.proto`. `number` is 0 until it is rolled out; `promoted` is the artifact that stood promoted."""

    document: str
    artifact: str = ""
    number: int = 0
    config_version: str = ""
    source: str = ""
    etag: str = ""
    created_ms: int = 0
    created_by: str = ""
    needs_restart: tuple[str, ...] = ()
    promoted: str = ""

    def same(self, other: Release | None) -> bool:
        """Whether both have the same content."""
        return other is not None and (self.document, self.artifact) == (other.document, other.artifact)


class Wish(msgspec.Struct, frozen=True):
    """What `desired` or `canary` is to say."""

    release: Release
    wish: int
    replicas: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """How a release goes out; the document's `routeiq.rollout` says it."""

    canary_replicas: int = 0
    """Of each service; 0: as `canary_share` says."""
    canary_share: float = 0.0
    """Of each service's replicas; 0 as well: no canary."""
    observe_s: float = 60.0
    settle_s: float = 10.0
    max_error_rate: float = 0.05
    min_requests: int = 20


class Figures(msgspec.Struct, frozen=True):
    """Of the last seconds."""

    requests: int = 0
    failures: int = 0

    @property
    def rate(self) -> float:
        return self.failures / self.requests if self.requests else 0.0


class Rollout(msgspec.Struct, frozen=True):
    """One that is under way. `before`: how well the fleet served when it began."""

    release: Release
    plan: Plan
    phase: Phase
    since_ms: int
    started_ms: int
    before: Figures = Figures()
    choices: int = 1
    """How often canaries were chosen."""
    reason: str = ""
    """Why it goes back."""


class Past(msgspec.Struct, frozen=True):
    """A release and its fate."""

    release: Release
    fate: Fate
    at_ms: int
    reason: str = ""


class Refused(msgspec.Struct, frozen=True):
    """What is not tried again by itself. An empty `document` or `artifact` stands for any."""

    document: str
    artifact: str
    reason: str
    at_ms: int
    errors: tuple[str, ...] = ()
    source: str = ""
    etag: str = ""

    def means(self, release: Release) -> bool:
        return self.document in ("", release.document) and self.artifact in ("", release.artifact)


class Record(msgspec.Struct, frozen=True):
    """`good` is where a rollout that fails goes back to; `history` has the oldest first."""

    holder: str = ""
    """Who leads. Whoever else reads it may change nothing."""
    wish: int = 0
    last_number: int = 0
    desired: Wish | None = None
    canary: Wish | None = None
    good: Release | None = None
    rollout: Rollout | None = None
    history: tuple[Past, ...] = ()
    refused: tuple[Refused, ...] = ()
    promoted: str = ""
    """The artifact that serves where the document names none; empty: replicas keep their own."""

    def refusal(self, release: Release) -> Refused | None:
        return next((one for one in reversed(self.refused) if one.means(release)), None)

    def past(self, number: int) -> Past | None:
        return next((one for one in self.history if one.release.number == number), None)


def pack(record: Record) -> bytes:
    return msgspec.json.encode(record)


def unpack(raw: bytes) -> Record:
    """Raises: msgspec.MsgspecError: not a record."""
    return msgspec.json.decode(raw, type=Record)
