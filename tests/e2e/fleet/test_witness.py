"""What the judges of these tests would say of a fleet that is not in order."""

from __future__ import annotations

import pytest

from tests.support.rolling.footprint import slope
from tests.support.rolling.traffic import Answer
from tests.support.rolling.witness import failed, mark, mixed, quantile, went_back


def answer(said: str, version: str = "c1.s0", at: float = 0.0, status: int = 200) -> Answer:
    return Answer(0, 0, at, at + 0.5, status, version, "", "", "", said)


def by(number: int) -> str:
    return f"m-{number} /{number}/chat/completions sk-{number}"


@pytest.mark.parametrize(
    ("said", "number"),
    [(by(7), 7), ("m-7 /8/chat/completions sk-7", -1), ("m-7 /7/chat/completions sk-8", -1), ("", -1)],
)
def test_an_answer_is_one_documents_or_nobodys(said: str, number: int) -> None:
    assert mark(answer(said)) == number


def test_a_version_stands_for_one_document() -> None:
    assert mixed([answer(by(1)), answer(by(2), "c2.s0"), answer("", status=500)]) == []
    assert mixed([answer(by(1)), answer(by(2))]) == ["c1.s0: documents {1, 2}"]
    assert mixed([answer("m-1 /2/chat/completions sk-1")]) == ["c1.s0: mixed or strange"]


def test_a_gateway_does_not_go_back_by_itself() -> None:
    assert went_back([answer(by(1)), answer(by(2), at=1)]) == []
    assert went_back([answer(by(2)), answer(by(1), at=0.2)]) == [], "it was asked before the newer answer had come"
    assert went_back([answer(by(2)), answer(by(1), at=1)]) == ["gateway 0: 1 after 2"]


def test_whatever_is_not_200_has_failed() -> None:
    assert [one.status for one in failed([answer(by(1)), answer("", status=0), answer("", status=503)])] == [0, 503]


def test_quantiles_and_slopes() -> None:
    assert (quantile([3, 1, 2], 0.5), quantile(range(1, 101), 0.99), quantile([1, 2], 0.99)) == (2, 99, 2)
    assert slope([10, 12, 14, 16]).kib == pytest.approx(2)
