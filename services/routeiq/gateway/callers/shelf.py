"""Where answers are kept: so many, found by what was asked and by what they depend on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

V = TypeVar("V")


class Entry(Generic[V]):
    """`due`: from then on its next use has to look at more than that."""

    __slots__ = ("due", "ends_at", "labels", "retry_at", "stale_until", "subject", "value")

    def __init__(self, value: V, labels: Iterable[str], subject: object) -> None:
        self.value, self.labels, self.subject = value, tuple(labels), subject
        self.due = self.ends_at = self.stale_until = self.retry_at = 0.0


class Shelf(Generic[V]):
    """At most `capacity` entries, found by their keys and by their labels; what was used least recently goes first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.entries: OrderedDict[Hashable, Entry[V]] = OrderedDict()
        self._only: dict[str, Hashable] = {}
        """Of labels that one entry has: mostly there is one, and a set for each would be a third of the memory."""
        self._keys: dict[str, set[Hashable]] = {}

    def put(self, key: Hashable, entry: Entry[V]) -> None:
        self.drop(key)
        self.entries[key] = entry
        for label in entry.labels:
            self._label(label, key)
        if len(self.entries) > self._capacity:
            self.drop(next(iter(self.entries)))

    def drop(self, key: Hashable) -> None:
        entry = self.entries.pop(key, None)
        for label in entry.labels if entry is not None else ():
            if label in self._only:
                del self._only[label]
                continue
            keys = self._keys[label]
            keys.discard(key)
            if not keys:
                del self._keys[label]

    def labelled(self, label: str) -> tuple[Hashable, ...]:
        return (self._only[label],) if label in self._only else tuple(self._keys.get(label, ()))

    def _label(self, label: str, key: Hashable) -> None:
        if label in self._keys:
            self._keys[label].add(key)
        elif label in self._only:
            self._keys[label] = {self._only.pop(label), key}
        else:
            self._only[label] = key
