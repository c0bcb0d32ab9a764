"""The document and what was added by API, put together as the gateways do it. Worked out once for each version of the
two."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.config.overlay import Overlay, OverlayModel
from routeiq.config.problems import Problem, dotted
from routeiq.config.start import Start
from routeiq.config.state import Deployment, State
from routeiq.control.declared import Declared
from routeiq.control.store.models import all_models
from routeiq.control.store.overlay import read_version
from routeiq.control.store.tables import Model
from routeiq.kit.crypto import Sealer
from routeiq.kit.outbound import OutboundPolicy


@dataclass(frozen=True, slots=True)
class View:
    """Of one version. A model that is blocked, or that does not build, is among the rows and not in the state."""

    version: int
    start: Start
    """Whose document it is."""
    state: State
    rows: Mapping[str, Model]
    deployments: Mapping[str, Deployment]
    """By id, in the order in which they are listed; wildcards too, providers' models not."""


class Catalogue:
    """Of one control. It merges in a thread, one at a time, so that many requests after a change take one core."""

    def __init__(self, declared: Declared, sealer: Sealer, policy: OutboundPolicy) -> None:
        self.declared, self.policy = declared, policy
        self._sealer = sealer
        self._merging = asyncio.Lock()
        self._view: View | None = None

    def seal(self, text: str, model_id: str) -> str:
        return self._sealer.seal(text.encode(), model_id)

    async def view(self, session: AsyncSession) -> View:
        """Of the version of this moment, or a newer one."""
        version = await read_version(session)
        if self._view is not None and self._is_of(self._view, version):
            return self._view
        rows = await all_models(session)
        async with self._merging:
            known, start = self._view, self.declared.start
            if known is not None and self._is_of(known, version):
                return known
            state, _ = await self._merged(start, rows, version)
            view = View(version, start, state, {row.id: row for row in rows}, _deployments(state))
            if known is None or known.start is not start or known.version < version:
                self._view = view
        return view

    def _is_of(self, view: View, version: int) -> bool:
        return view.version == version and view.start is self.declared.start

    async def objections(self, row: Model, rows: Sequence[Model]) -> Sequence[str]:
        """Why gateways would leave out the model, or others because of it. Args: rows: all, it among them."""
        trial = [row, *(one for one in rows if one.id != row.id)]
        async with self._merging:
            start = self.declared.start
            _, after = await self._merged(start, trial, 0, unblocked=row.id)
            if not after:
                return ()
            _, before = await self._merged(start, trial[1:], 0)
        return [_said(problem, row.id) for problem in after if problem not in before]

    async def _merged(
        self, start: Start, rows: Iterable[Model], version: int, *, unblocked: str = ""
    ) -> tuple[State, Collection[Problem]]:
        """And what of the rows is left out."""
        overlay = Overlay(version, tuple(_entry(row, blocked=row.blocked and row.id != unblocked) for row in rows))
        state, problems = await asyncio.to_thread(start.with_overlay, overlay, self._open)
        return state, problems.errors

    def _open(self, sealed: str, entry_id: str) -> str:
        return self._sealer.open(sealed, entry_id).decode()


def _entry(row: Model, *, blocked: bool) -> OverlayModel:
    return OverlayModel(row.id, row.model_name, json.dumps(row.litellm_params), json.dumps(row.model_info), blocked)


def _deployments(state: State) -> Mapping[str, Deployment]:
    groups = (*state.groups.values(), *(wildcard.group for wildcard in state.wildcards))
    return {one.id: one for group in groups for one in group.deployments}


def _said(problem: Problem, model_id: str) -> str:
    path = problem.path.removeprefix(dotted(("models", model_id))).removeprefix(".")
    return f"{path}: {problem.message}" if path else problem.message
