"""The cost weight that a request asks for."""

from __future__ import annotations

import pytest

from routeiq.gateway.pipeline.objective import cost_weight
from routeiq.kit.errors import InvalidRequest


@pytest.mark.parametrize(
    ("sent", "weight"),
    [(None, 0.5), ("", 0.5), ("quality", 0.0), ("Balanced", 0.03), ("cost", 0.1), ("0.25", 0.25), ("1e2", 100.0)],
)
def test_words_and_numbers(sent: str | None, weight: float) -> None:
    assert cost_weight(sent, 0.5) == weight


@pytest.mark.parametrize("sent", ["cheap", "-1", "nan", "inf", "1001"])
def test_what_means_nothing_is_refused(sent: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        cost_weight(sent, 0.5)
    assert caught.value.param == "x-routeiq-objective"
