"""While the fleet goes from one artifact to another: each answer its own, and none of the old one once it has moved."""

from __future__ import annotations

from routeiq.gateway.pipeline.decision_cache import STRANGERS, DecisionCache
from tests.support.twins import decision

KEY, OTHER = b"k" * 16, b"o" * 16


def cache_of(artifact_id: str) -> DecisionCache:
    """With one decision of that artifact, which is the wanted one."""
    cache = DecisionCache()
    cache.expect(artifact_id)
    cache.put(KEY, decision(artifact_id=artifact_id))
    return cache


def given(cache: DecisionCache, key: bytes = KEY) -> str | None:
    kept = cache.get(key)
    return kept.artifact_id if kept is not None else None


def test_the_old_ones_decisions_serve_until_routing_has_moved() -> None:
    cache = cache_of("old")
    cache.expect("new")
    assert cache.awaits
    assert given(cache) == "old"
    cache.put(OTHER, decision(artifact_id="new"))
    assert not cache.awaits
    assert (given(cache), given(cache, OTHER)) == (None, "new")


def test_a_service_that_lags_brings_nothing_back() -> None:
    cache = cache_of("old")
    cache.expect("new")
    cache.put(OTHER, decision(artifact_id="new"))
    cache.put(KEY, decision(artifact_id="old"))
    assert (given(cache), given(cache, OTHER)) == (None, "new")


def test_it_goes_back_where_the_fleet_goes_back() -> None:
    cache = cache_of("old")
    cache.expect("new")
    cache.put(OTHER, decision(artifact_id="new"))
    cache.expect("old")
    assert given(cache, OTHER) == "new"
    cache.put(KEY, decision(artifact_id="old"))
    assert (given(cache), given(cache, OTHER)) == ("old", None)


def test_one_question_is_let_through_to_hear_whether_routing_has_moved() -> None:
    cache = cache_of("old")
    cache.put(OTHER, decision(artifact_id="old"))
    assert given(cache) == "old"
    cache.ask_again()
    assert (given(cache), given(cache, OTHER)) == (None, "old")
    cache.ask_again()
    cache.ask_again()
    assert len(cache) == 0


def test_what_all_services_answer_counts_though_another_was_wanted() -> None:
    cache = cache_of("wanted")
    for _ in range(STRANGERS - 1):
        cache.put(OTHER, decision(artifact_id="another"))
    assert given(cache) == "wanted"
    cache.put(OTHER, decision(artifact_id="another"))
    assert (given(cache), given(cache, OTHER)) == (None, "another")
    assert cache.awaits


def test_where_nobody_says_which_the_last_answer_does() -> None:
    cache = DecisionCache()
    cache.put(KEY, decision(artifact_id="one"))
    assert given(cache) == "one"
    cache.put(OTHER, decision(artifact_id="two"))
    assert (given(cache), given(cache, OTHER)) == (None, "two")
