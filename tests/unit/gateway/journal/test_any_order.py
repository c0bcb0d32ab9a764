"""Whatever begins, ends, is killed or torn, in whatever order: each request that began is found exactly once."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from routeiq.gateway.journal.replay import INTERRUPTED, replay
from routeiq.gateway.journal.wire_record import Called, begun
from tests.support.journaling import begin, die, end, ids, left, opened, records_of, replayed

Step = tuple[str, int]
ACTIONS = st.sampled_from(["begin", "begin", "end", "end", "call", "relay", "other", "die"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "begin", "end", "end", "call", "relay", "other", "die"]), st.integers(0, 2**16)
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_each_request_is_found_once(steps: Sequence[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        began, ended, found = run(Path(folder), steps)
    assert sorted(name for name, _ in found) == sorted(began)
    assert {name for name, error in found if not error} == ended


def run(base: Path, steps: Sequence[Step]) -> tuple[list[str], set[str], list[tuple[str, str]]]:
    """Returns: who began, who ended, and who was found, with its error."""
    began: list[str] = []
    ended: set[str] = set()
    found: list[tuple[str, str]] = []
    journal, slots = opened(base, segment_bytes=72 * 1024), {}
    for action, number in (*steps, ("die", 0)):
        name = sorted(slots)[number % len(slots)] if slots else ""
        if action == "begin":
            began.append(f"i{len(began):03d}")
            slots[began[-1]] = begin(journal, began[-1], parties={"tags": ["t" * (number % 1500)]})
        elif action == "die":
            die(journal)
            found += [(one.id, one.error) for one in taken(base)]
            journal, slots = opened(base, segment_bytes=72 * 1024), {}
        elif not name:
            continue
        elif action == "end":
            end(journal, slots.pop(name), name, error="")
            ended.add(name)
        elif action == "call":
            slots[name].call()
        elif action == "relay":
            slots[name].relay(number, 1)
        else:
            slots[name].call_other(begun(b"", Called("x" * (number % 3000), "", "", "")))
    return began, ended, found


def taken(base: Path) -> list:  # type: ignore[type-arg]
    folder = left(base)
    try:
        return records_of(replay(folder))
    finally:
        folder.remove()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 30), st.integers(0, 20_000), st.binary(min_size=1, max_size=300))
def test_whatever_tears_the_end_the_beginning_is_read(requests: int, at: int, junk: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = opened(Path(folder))
        ends = []
        for number in range(requests):
            end(journal, begin(journal, f"i{number}"), f"i{number}")
            ends.append(journal.shelf.segments[0].end)
        begin(journal, "open")
        die(journal)
        with journal.shelf.segments[0].path.open("r+b") as file:
            file.seek(16 + at)
            file.write(junk)
        found = replayed(Path(folder))
    safe = [f"i{number}" for number, after in enumerate(ends) if after <= 16 + at]
    names = [name for name in ids(found) if name != "open"]
    assert names[: len(safe)] == safe
    assert len(set(names)) == len(names)
    assert [one.error for one in found if one.id == "open"] == [INTERRUPTED]
