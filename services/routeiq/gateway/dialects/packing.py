"""Whether a deployment's streams have several tokens in an event, as their ends say."""

from __future__ import annotations

_FEWEST = 4
"""Events of a stream that says anything."""
_PACKED = 1.5


class Packing:
    """Of one deployment. Until it is known, an event is a token: nobody is billed for what may not have been sent."""

    __slots__ = ("packed",)

    def __init__(self) -> None:
        self.packed = False

    def learn(self, events: int, tokens: int) -> None:
        """A whole stream. Args: tokens: of its output, without those that are not shown."""
        if events >= _FEWEST:
            self.packed = tokens > events * _PACKED
