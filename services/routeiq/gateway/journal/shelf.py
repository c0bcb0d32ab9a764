"""The segments of one journal, in order, and how they are read: by sequence, as much as a message takes."""

from __future__ import annotations

from typing import NamedTuple

from routeiq.gateway.journal.segments import Segment


class Batch(NamedTuple):
    """Records of growing sequence, without a gap."""

    first: int
    records: list[bytes]

    @property
    def last(self) -> int:
        return self.first + len(self.records) - 1


class Shelf:
    """Of one journal."""

    def __init__(self, segments: list[Segment]) -> None:
        self.segments = segments
        self._place: tuple[Segment, int, int] | None = None
        """Where the last batch ended: in which segment, at which record's frame."""

    @property
    def last(self) -> int:
        """The sequence of the last record; 0: there is none."""
        return max((one.last for one in self.segments[-2:]), default=0)

    @property
    def oldest(self) -> int:
        """The lowest sequence that is still here, or of the next record."""
        return self.segments[0].first if self.segments else 1

    def batch(self, after: int, most: int, most_bytes: int) -> Batch | None:
        """The next records, one at least; None: there are none yet."""
        segment = next((one for one in self.segments if one.count and one.last > after), None)
        if segment is None:
            return None
        first = max(after + 1, segment.first)
        start = self._find(segment, first)
        self._put_away(segment, start)
        records, at = segment.read(start, min(most, segment.last - first + 1), most_bytes)
        self._place = (segment, first + len(records), at)
        return Batch(first, records)

    def peek(self, after: int) -> bytes | None:
        """The next record alone."""
        segment = next((one for one in self.segments if one.count and one.last > after), None)
        return None if segment is None else segment.read(segment.at(max(after + 1, segment.first)), 1, 0)[0][0]

    def drop(self, passed: int) -> list[Segment]:
        """Take out those of which all is in the ledger, but not the last, to which more may be added."""
        gone = [one for one in self.segments[:-1] if one.last <= passed]
        self.segments = self.segments[len(gone) :]
        if self._place is not None and self._place[0] in gone:
            self._place = None
        return gone

    def _find(self, segment: Segment, sequence: int) -> int:
        if self._place is not None and self._place[:2] == (segment, sequence):
            return self._place[2]
        return segment.at(sequence)

    def _put_away(self, segment: Segment, start: int) -> None:
        """What batches before this one had."""
        segment.put_away(start)
        if self._place is not None and self._place[0] is not segment:
            before = self._place[0]
            before.put_away(before.end)
