"""Is this document one that the fleet can serve? Asked of whoever is there, before anything moves.

Config-sync reads it as `routeiq check` does, but for the environment, which is the gateways': one of them builds it
without serving it. Routing opens the artifact. What nobody is there to judge is judged by the replicas when they apply
it, and said.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_names import VALIDATE_DOCUMENT
from routeiq.config.build import version_of
from routeiq.config.bundle import Bundle
from routeiq.config.check import check_bundle, report_of
from routeiq.config.load import load_bundle
from routeiq.config_sync.plan import plan_of
from routeiq.config_sync.record import Plan
from routeiq.kit.errors import RouteIQError, Unavailable

OWN = "config-sync"
GATEWAY_S = 10.0
"""For a gateway's answer."""
MOST_LINES = 100
"""Of errors that are kept and shown."""
PLACEHOLDER = "https://environment.invalid"
"""What stands for a variable that only the gateways have."""
_REFERENCE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)")

Ask = Callable[[str, bytes, float], Awaitable[bytes]]
"""(subject, question, seconds) -> the answer. Raises: Unavailable: nobody gives one."""
JudgeArtifact = Callable[[str], Awaitable[tuple[str, ...]]]
"""The artifact's id -> what is wrong with it. Raises: Unavailable: nobody can say."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What config-sync itself finds in a document. `artifact`: as the document names it."""

    errors: tuple[str, ...]
    config_version: str
    plan: Plan
    artifact: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of all who were asked. `by`: who judged; `silent`: who did not answer."""

    errors: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


def read_document(bundle: Bundle) -> Reading:
    """Blocks. An error counts if it stands whatever the environment has: both where everything is set and where nothing
    is."""
    environ = dict.fromkeys(_referenced(bundle), PLACEHOLDER)
    loaded = load_bundle(bundle, environ)
    report = report_of(bundle.main, loaded, environ)
    errors = report.errors
    if errors and environ:
        stand = set(check_bundle(bundle, {}).errors)
        errors = tuple(line for line in errors if line in stand)
    said = loaded.document.routeiq
    return Reading(errors[:MOST_LINES], version_of(loaded.raw), plan_of(said.rollout), said.artifact)


def _referenced(bundle: Bundle) -> set[str]:
    return {name for text in bundle.files.values() for name in _REFERENCE.findall(text)}


class Judges:
    """Those who are asked. Args: ask: over NATS.  artifact: asks routing; None: there is none to ask."""

    def __init__(self, ask: Ask, artifact: JudgeArtifact | None) -> None:
        self._ask, self._artifact = ask, artifact

    async def judge(self, digest: str, artifact: str) -> Verdict:
        """Args: digest: of a document that is stored; empty: there is none.  artifact: an id that is new to the fleet;
        empty: none is."""
        found = [self._document(digest)] if digest else []
        if artifact:
            found.append(self._opened(artifact))
        return joined([Verdict(by=(OWN,)), *await asyncio.gather(*found)])

    async def _document(self, digest: str) -> Verdict:
        question = pb.ValidateDocumentRequest(document=digest).SerializeToString()
        try:
            answer = pb.ValidateDocumentResponse.FromString(await self._ask(VALIDATE_DOCUMENT, question, GATEWAY_S))
        except Unavailable:
            return Verdict(silent=("gateway",))
        errors = tuple(answer.errors) if answer.errors or answer.valid else ("the gateway refuses it",)
        return Verdict(errors[:MOST_LINES], (f"gateway {answer.replica}".strip(),))

    async def _opened(self, artifact: str) -> Verdict:
        if self._artifact is None:
            return Verdict(silent=("routing",))
        try:
            return Verdict((await self._artifact(artifact))[:MOST_LINES], ("routing",))
        except Unavailable:
            return Verdict(silent=("routing",))
        except RouteIQError as refused:
            return Verdict((refused.public_message,), ("routing",))


def joined(verdicts: Iterable[Verdict]) -> Verdict:
    """One of several."""
    listed = list(verdicts)
    return Verdict(
        tuple(dict.fromkeys(line for one in listed for line in one.errors)),
        tuple(name for one in listed for name in one.by),
        tuple(name for one in listed for name in one.silent),
    )
