"""The table, the goals beside what was found, and what a reader must be warned of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.perf.goals import ENVOY, GOALS, NGINX, OFFERED_CHUNKS, Goal, Rounds, Verdict
from tests.perf.summary import Row, ratio, summarise
from tests.perf.targets.target import Left

COLUMNS = (
    ("max RPS", "rps", "{:,.0f}"),
    ("CPU us/req", "cpu_us", "{:,.0f}"),
    ("+p50 @100", "added_p50_100", "{:,.0f}"),
    ("+p99 @100", "added_p99_100", "{:,.0f}"),
    ("+p50 @300", "added_p50_300", "{:,.0f}"),
    ("+p99 @300", "added_p99_300", "{:,.0f}"),
    ("+TTFT", "added_ttft", "{:,.0f}"),
    ("chunks/s", "chunks_s", "{:,.0f}"),
    ("us/chunk", "chunk_cpu_us", "{:.1f}"),
    ("RSS MiB", "rss_mib", "{:.0f}"),
)
NO_HEADROOM = 0.9
CROWDED, DOUBTFUL = 0.05, 0.2
"""Shares of the target's core that other processes had: worth saying; too much to judge RPS and latency by."""
NAME_WIDTH = 28


def table(rounds: Rounds) -> str:
    """Medians, a line of ranges under each, and ratios of RPS."""
    heads = [name for name, _, _ in COLUMNS] + ["/ nginx", "/ Envoy", "CPU x nginx"]
    lines = [_line("us unless said otherwise", heads), "-" * (NAME_WIDTH + 12 * len(heads))]
    for name, found in rounds.items():
        row = summarise(found)
        ratios = [_ratio(name, rounds, NGINX), _ratio(name, rounds, ENVOY), _ratio(name, rounds, NGINX, "cpu_us")]
        lines.append(_line(name, [_cell(row, figure, form) for _, figure, form in COLUMNS] + ratios))
        lines.append(_line("  min-max", [_range(row, figure) for _, figure, _ in COLUMNS]))
    return "\n".join(lines)


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<{NAME_WIDTH}}" + "".join(f"{cell:>12}" for cell in cells)


def _cell(row: Row, figure: str, form: str) -> str:
    return form.format(row[figure].median) if figure in row else "-"


def _range(row: Row, figure: str) -> str:
    return f"{_short(row[figure].low)}-{_short(row[figure].high)}" if figure in row else ""


def _short(value: float) -> str:
    return f"{value / 1000:.1f}k" if abs(value) >= 10_000 else f"{value:.0f}"


def _ratio(name: str, rounds: Rounds, other: str, figure: str = "rps") -> str:
    """Long prompts against long prompts, everything else against the plain peer."""
    peer = f"{other}, 100 KiB" if name.endswith("100 KiB") else other
    value = ratio(rounds[name], rounds.get(peer, ()), figure)
    return "-" if value is None or not value else f"{value:.3f}"


def version_lines(versions: Mapping[str, str]) -> list[str]:
    """What ran in each row; one line for rows of the same."""
    rows: dict[str, list[str]] = {}
    for name, version in versions.items():
        rows.setdefault(version, []).append(name)
    return [f"{version}: {'; '.join(names)}" for version, names in rows.items()]


def routing_lines(rounds: Rounds, notes: Mapping[str, str]) -> list[str]:
    """What stood behind the routed modes: the cache, and who had to be answered without the model."""
    lines = []
    for name, found in rounds.items():
        row = summarise(found)
        shares = [(phase, row.get(f"fallback_{phase}")) for phase in ("max", "slow", "fast")]
        if not any(share for _, share in shares):
            continue
        hits = f"{row['hit_rate'].median:.1%}" if "hit_rate" in row else "n/a"
        text = ", ".join(f"{phase} {share.median:.1%}" for phase, share in shares if share)
        rss = f"{row['routing_rss_mib'].median:.0f} MiB" if "routing_rss_mib" in row else "-"
        busy = f"{row['routing_busy'].median:.0%}" if "routing_busy" in row else "-"
        lines.append(f"{name}: decision cache hit rate {hits}{notes.get(name, '')}; ")
        lines[-1] += f"answered by deadline or shedding: {text}; routing RSS {rss}, {busy} of a core"
    return lines


def goal_lines(rounds: Rounds) -> tuple[list[str], bool]:
    """A line for each goal; whether none was missed."""
    lines, good = [], True
    for goal in GOALS:
        verdict, value = goal.judge(rounds)
        good = good and verdict is not Verdict.FAIL
        said = "" if value is None else f"{value:.3g}"
        doubt = "  (doubtful: its core was crowded)" if value is not None and _crowded(goal, rounds) else ""
        bound = f"{'>=' if goal.at_least else '<='} {goal.bound:g}"
        lines.append(f"  {verdict:<13} {goal.text:<34} {said:>8}  {bound}{doubt}")
    return lines, good


def _crowded(goal: Goal, rounds: Rounds) -> bool:
    """Whether other work had too much of the core while the rows of a goal were measured. CPU time and RSS bear it."""
    rows = [summarise(rounds[name]) for name in (goal.row, goal.other) if rounds.get(name)]
    steady = "cpu" in goal.figure or goal.figure == "rss_mib"
    return not steady and any("others" in row and row["others"].median > DOUBTFUL for row in rows)


def warnings(rounds: Rounds, left: Sequence[Left], spans: int | None) -> list[str]:
    """What makes figures doubtful, and rows that are not there."""
    lines = [f"left out: {one.name}: {one.reason}" for one in left]
    for name, found in rounds.items():
        row = summarise(found)
        busy, others = row.get("core_busy"), row.get("others")
        if busy and busy.median > NO_HEADROOM and not name.startswith("direct"):
            lines.append(f"{name}: the load generator's core had no headroom ({busy.median:.0%} used); RPS is a floor")
        if others and others.median > CROWDED and not name.startswith("direct"):
            lines.append(
                f"{name}: it waited for its core {others.median:.0%} of the time; RPS is too low, CPU time is not"
            )
        bad, total = sum(one.get("bad", 0) for one in found), sum(one.get("total", 0) for one in found)
        if bad:
            lines.append(f"{name}: {bad:.0f} of {total:.0f} answers were no 200")
    if spans is not None:
        lines.append(f"tracing: the OTLP sink received {spans:,} spans")
    lines.append(
        f"chunks offered: {OFFERED_CHUNKS:,} a second; RPS on 32 connections, closed loop; p50/p99 on a fixed schedule"
    )
    return lines
