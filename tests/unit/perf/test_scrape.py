"""Prometheus text, and the decision cache's counters by whatever name."""

from __future__ import annotations

import pytest

from tests.perf.scrape import hit_rate, parse, read_metrics

LABELLED = """# HELP gateway_decision_cache_total Look-ups
gateway_decision_cache_total{result="hit"} 30.0
gateway_decision_cache_total{result="miss"} 10.0
gateway_decision_cache_created{result="hit"} 1.7e9
"""
NAMED = "gateway_decision_cache_hits_total 5\ngateway_decision_cache_misses_total 5\nother 1\n"


def test_by_label() -> None:
    assert hit_rate({}, parse(LABELLED)) == pytest.approx(0.75)


def test_by_name_between_two_readings() -> None:
    before = {"gateway_decision_cache_hits_total": 4.0, "gateway_decision_cache_misses_total": 2.0}
    assert hit_rate(before, parse(NAMED)) == pytest.approx(0.25)


def test_no_such_counter_is_no_rate() -> None:
    assert hit_rate({}, {"other": 1.0}) is None


def test_no_url_is_no_metrics() -> None:
    assert read_metrics("") == {}
