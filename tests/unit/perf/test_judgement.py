"""What the soak takes for right, for explained, and for neither."""

from __future__ import annotations

import pytest

from tests.perf.soak.client import ending_of
from tests.perf.soak.judgement import FRAGILE, GOOD, LEAVES, Answer, Ending, Verdict, refused

ERROR = b'{"error": {"message": "no", "type": "t", "param": null, "code": "c"}}'
WHOLE = b'{"choices": [{}], "usage": {"total_tokens": 1}}'


def answer(status: int = 200, ending: Ending = Ending.WHOLE, seconds: float = 0.1) -> Answer:
    return Answer(status, ending, seconds)


def test_a_whole_answer_is_right() -> None:
    assert GOOD.judge(answer(), disturbed=False, limit_s=5) is Verdict.RIGHT


def test_an_error_needs_a_fault_to_explain_it() -> None:
    failed = answer(502, Ending.ERROR)
    assert FRAGILE.judge(failed, disturbed=True, limit_s=5) is Verdict.EXPECTED
    assert FRAGILE.judge(failed, disturbed=False, limit_s=5) is Verdict.UNEXPLAINED
    assert GOOD.judge(failed, disturbed=True, limit_s=5) is Verdict.UNEXPLAINED


def test_a_bare_end_is_never_explained() -> None:
    assert FRAGILE.judge(answer(0, Ending.CUT), disturbed=True, limit_s=5) is Verdict.UNEXPLAINED


def test_even_a_right_answer_may_come_too_late() -> None:
    assert GOOD.judge(answer(seconds=6), disturbed=False, limit_s=5) is Verdict.HANG


def test_a_client_that_leaves_is_no_error() -> None:
    assert LEAVES.judge(answer(ending=Ending.LEFT), disturbed=False, limit_s=5) is Verdict.RIGHT


def test_a_refusal_has_its_status_and_an_error_object() -> None:
    assert refused(401).judge(answer(401, Ending.ERROR), disturbed=False, limit_s=5) is Verdict.RIGHT
    assert refused(401).judge(answer(401, Ending.ODD), disturbed=False, limit_s=5) is Verdict.UNEXPLAINED


@pytest.mark.parametrize(
    ("body", "ending"),
    [(WHOLE, Ending.WHOLE), (ERROR, Ending.ERROR), (b"", Ending.CUT), (b"<html>", Ending.ODD), (b"{}", Ending.ODD)],
)
def test_endings_of_bodies(body: bytes, ending: Ending) -> None:
    assert ending_of(body, stream=False) is ending


@pytest.mark.parametrize(
    ("tail", "ending"),
    [
        (b"data: [DONE]\n\n", Ending.WHOLE),
        (b"data: " + ERROR + b"\n\n", Ending.ERROR),
        (b"data: " + ERROR + b"\n\ndata: [DONE]\n\n", Ending.ERROR),
        (b"", Ending.ODD),
    ],
)
def test_endings_of_streams(tail: bytes, ending: Ending) -> None:
    assert ending_of(b'data: {"choices": []}\n\n' + tail, stream=True) is ending
