"""What is asked again is not asked twice, for a while and for one artifact."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import trim_middle
from routeiq.gateway.pipeline.decision_cache import DecisionCache, decision_key
from routeiq.gateway.pipeline.prompt import PromptView, asks
from routeiq.gateway.pipeline.slates import Slate, Slates
from tests.support.twins import decision, deployment, state

PLAIN = PromptView.of_text("hi")
FACTS: dict[str, Any] = {"system_sha256": b"s" * 32, "has_tools": False, "has_images": False, "max_output_tokens": 100}
ASKS = asks("hi", **FACTS)
KEY, OTHER = b"k" * 16, b"o" * 16


def slate(*names: str) -> Slate:
    return Slates().of(state(*(deployment(name) for name in names)), None, PLAIN)


BOTH = slate("small", "large")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_decision_is_given_again_as_it_was() -> None:
    cache, made = DecisionCache(), decision()
    cache.put(KEY, made)
    kept = cache.get(KEY)
    assert kept is not None
    assert kept.response == made
    assert cache.get(OTHER) is None


def test_it_ends_with_its_time() -> None:
    clock = Clock()
    cache = DecisionCache(ttl_s=10, clock=clock)
    cache.put(KEY, decision())
    clock.now = 9.9
    assert cache.get(KEY) is not None
    clock.now = 10
    assert cache.get(KEY) is None
    assert len(cache) == 0


def test_another_artifact_ends_all_of_the_earlier_one() -> None:
    cache = DecisionCache()
    cache.put(KEY, decision())
    cache.put(OTHER, decision(artifact_id="a2"))
    assert cache.get(KEY) is None
    assert cache.get(OTHER) is not None


def test_where_no_artifact_is_wanted_any_more_its_decisions_end() -> None:
    cache, made = DecisionCache(), decision()
    cache.expect(made.artifact_id)
    cache.put(KEY, made)
    cache.expect(made.artifact_id)
    assert cache.get(KEY) is not None
    cache.expect("")
    assert cache.get(KEY) is None
    cache.put(KEY, made)
    assert cache.get(KEY) is not None


def test_a_fallback_is_not_kept_but_tells_which_artifact_is_in_force() -> None:
    cache = DecisionCache()
    cache.put(KEY, decision())
    cache.put(OTHER, decision(artifact_id="a2", fallback=pb.FALLBACK_DEADLINE))
    assert (cache.get(OTHER), cache.get(KEY)) == (None, None)


def test_an_answer_without_an_artifact_ends_nothing() -> None:
    cache = DecisionCache()
    cache.put(KEY, decision())
    cache.put(OTHER, decision(artifact_id="", fallback=pb.FALLBACK_NO_ARTIFACT))
    assert cache.get(KEY) is not None


def test_size_is_bounded_and_none_keeps_none() -> None:
    cache, off = DecisionCache(size=2), DecisionCache(size=0)
    for number in range(5):
        cache.put(bytes([number]), decision())
        off.put(bytes([number]), decision())
    assert (len(cache), len(off)) == (2, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"has_tools": True}, {"has_images": True}, {"system_sha256": b"t" * 32}, {"system_sha256": b""},
        {"max_output_tokens": 128},
    ],
)  # fmt: skip
def test_each_fact_makes_another_question(changed: dict[str, Any]) -> None:
    assert asks("hi", **{**FACTS, **changed}) != ASKS


def test_text_weight_and_candidates_make_another_question() -> None:
    key = decision_key(ASKS, BOTH, 0.03)
    assert decision_key(asks("ho", **FACTS), BOTH, 0.03) != key
    assert decision_key(ASKS, BOTH, 0.04) != key
    assert decision_key(ASKS, slate("small"), 0.03) != key


def test_a_slightly_other_output_limit_is_the_same_question() -> None:
    assert asks("hi", **{**FACTS, "max_output_tokens": 101}) == ASKS


@given(st.text(max_size=30), st.text(max_size=30))
def test_of_long_prompts_the_ends_count(middle: str, other: str) -> None:
    first, second = (trim_middle(["a" * 5000 + text + "b" * 5000]) for text in (middle, other))
    assert asks(first) == asks(second)


def test_what_is_kept_is_worked_out_once_for_a_slate() -> None:
    cache, served = DecisionCache(), state(deployment("small"), deployment("large"))
    cache.put(KEY, decision("large"))
    kept = cache.get(KEY)
    assert kept is not None
    answer = kept.answer(served, BOTH)
    assert kept.answer(served, BOTH) is answer
    assert (answer.first, answer.cached) == ("large", True)
    assert kept.answer(served, slate("small", "large")) is not answer


def test_no_prompt_is_kept() -> None:
    cache, text = DecisionCache(), "the prompt of a customer"
    cache.put(decision_key(asks(text), BOTH, 0.03), decision())
    assert text.encode() not in pickle.dumps(cache._entries)
