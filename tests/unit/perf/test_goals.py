"""Verdicts: met, missed, and not measured, which is neither."""

from __future__ import annotations

from tests.perf.goals import ENVOY, GOALS, KEYED, NGINX, Goal, Verdict
from tests.perf.report import goal_lines, table, warnings
from tests.perf.targets.target import Left

ROUNDS = {
    "direct": [{"rps": 90_000.0}],
    NGINX: [{"rps": 30_000.0, "added_p50_100": 100.0, "core_busy": 0.95, "others": 0.3}],
    KEYED: [{"rps": 9_000.0, "added_p50_100": 350.0, "chunks_s": 25_600.0, "rss_mib": 80.0, "bad": 3, "total": 9}],
}


def verdict(text: str) -> Verdict:
    return next(goal for goal in GOALS if goal.text == text).judge(ROUNDS)[0]


def test_a_ratio_above_its_floor_passes() -> None:
    assert verdict("keyed RPS / nginx") is Verdict.PASS


def test_a_ratio_above_its_ceiling_fails() -> None:
    assert verdict("added p50 at 100 rps / nginx") is Verdict.FAIL


def test_an_absolute_figure_is_divided_by_its_unit() -> None:
    goal = next(goal for goal in GOALS if goal.text == "chunks of those offered")
    assert goal.judge(ROUNDS) == (Verdict.PASS, 1.0)


def test_a_missing_peer_is_not_measured() -> None:
    goal = Goal("x", KEYED, "rps", 1.0, True, ENVOY)
    assert goal.judge(ROUNDS) == (Verdict.UNMEASURED, None)


def test_a_crowded_core_makes_rps_doubtful_but_not_cpu_time_or_memory() -> None:
    doubtful = [line for line in goal_lines(ROUNDS)[0] if "doubtful" in line]
    assert any("keyed RPS / nginx" in line for line in doubtful)
    assert not any("RSS" in line for line in doubtful)


def test_the_report_fails_on_a_miss_and_only_then() -> None:
    assert not goal_lines(ROUNDS)[1]
    assert goal_lines({})[1]


def test_the_table_has_ratios_and_dashes() -> None:
    row = next(line for line in table(ROUNDS).splitlines() if line.startswith(KEYED))
    assert "9,000" in row
    assert row.split()[-3:] == ["0.300", "-", "-"]


def test_doubts_are_said() -> None:
    said = "\n".join(warnings(ROUNDS, [Left("Envoy", "no wheel")], 7))
    assert "left out: Envoy: no wheel" in said
    assert "no headroom" in said
    assert "3 of 9" in said
    assert "its core 30% of the time" in said
