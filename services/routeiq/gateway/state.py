"""The state in force. A request takes `current` once and keeps it; a swap never touches a request in flight."""

from __future__ import annotations

from collections.abc import Callable

from routeiq.config.state import State


class StateHolder:
    """One reference, replaced as a whole."""

    def __init__(self, state: State, *followers: Callable[[State], None]) -> None:
        """Args: followers: called with each state that comes into force after this one."""
        self._current = state
        self._followers = followers

    @property
    def current(self) -> State:
        return self._current

    def swap(self, state: State) -> State:
        """Put `state` in force. Returns the one before it."""
        before, self._current = self._current, state
        for follow in self._followers:
            follow(state)
        return before
