"""What the status says of a source whose document was refused, and of the one that came after it."""

from __future__ import annotations

from typing import Any

from routeiq.config_sync.facts import Facts, PollFacts
from routeiq.config_sync.record import Record, Refused, Release, Wish
from routeiq.config_sync.status import Leading, Rules, View, status_shown

RULES = Rules(enabled=True, hot_reload=True, interval_s=60.0, ha_mode="single", election=False)
BROKEN = Refused("b" * 64, "", "it is not valid", at_ms=20_000, etag="broken")


def last_error(*, polled_at: float, desired_ms: int) -> Any:
    record = Record(desired=Wish(Release("a" * 64, number=1, etag="good", created_ms=desired_ms), 1), refused=(BROKEN,))
    facts = Facts(poll=PollFacts(etag="broken", last_sync_time=polled_at))
    return status_shown(View(RULES, Leading(True, "me", None), facts, record, (), bus=True))["last_error"]


def test_what_the_source_has_and_was_refused_is_an_error() -> None:
    assert last_error(polled_at=20.1, desired_ms=10_000) == "it is not valid"


def test_it_is_none_where_facts_are_older_than_what_came_after_it() -> None:
    assert last_error(polled_at=20.1, desired_ms=30_000) is None


def test_it_is_one_again_where_the_source_went_back_to_it() -> None:
    assert last_error(polled_at=40.0, desired_ms=30_000) == "it is not valid"
