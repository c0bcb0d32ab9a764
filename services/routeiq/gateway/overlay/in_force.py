"""What is in force: a document, and over it what was added by API. Each replaces its own part, one at a time, so that
no two swaps meet and neither undoes the other's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from routeiq.config.start import Start
from routeiq.config.state import State
from routeiq.gateway.state import StateHolder

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

Merge = Callable[[Start, "pb.Overlay"], State]
"""A document with an overlay. Blocks. Raises: ConfigurationError: of the document."""


class InForce:
    """Builds the new state in a thread beside the one that serves; requests meet the whole of one or of the other."""

    def __init__(self, holder: StateHolder, start: Start, merge: Merge) -> None:
        self.start = start
        """Whose document is in force."""
        self._holder, self._merge = holder, merge
        self._overlay: pb.Overlay | None = None
        self._one_at_a_time = asyncio.Lock()

    async def take_overlay(self, overlay: pb.Overlay) -> State:
        """Put `overlay` over the document.

        Returns: what is in force then.  Raises: ConfigurationError: it cannot be built; nothing changed."""
        async with self._one_at_a_time:
            state = await asyncio.to_thread(self._merge, self.start, overlay)
            self._overlay = overlay
            self._holder.swap(state)
            return state

    async def take_document(self, start: Start) -> State:
        """Put `start`'s document under the overlay. Returns and raises: as `take_overlay`."""
        async with self._one_at_a_time:
            overlay = self._overlay
            state = start.state if overlay is None else await asyncio.to_thread(self._merge, start, overlay)
            self.start = start
            self._holder.swap(state)
            return state
