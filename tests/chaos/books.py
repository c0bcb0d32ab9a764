"""The judge: what the upstream wrote down, what clients got, and what the ledger says, laid side by side."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg

from tests.chaos.traffic import Got
from tests.chaos.world import INPUT_NANO, OUTPUT_NANO

COMPLETE_WITHIN_S = 90.0
ESTIMATE = 1.25
"""How far an estimate of a prompt's tokens may lie above what it was: nobody told the gateway."""
_ROWS = (
    "SELECT request_id, key_hash, input_tokens, output_tokens, cost_nano_usd, attempts, error, metered"
    " FROM routeiq_control.usage_records"
)


class Sent(NamedTuple):
    """As the upstream wrote it down."""

    prompt: int
    tokens: int


class Row(NamedTuple):
    """Of the ledger."""

    request_id: str
    key_hash: str
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int | None
    attempts: int
    error: str
    metered: bool


@dataclass(frozen=True)
class Books:
    """All three."""

    sent: Mapping[str, Sent]
    got: Mapping[str, Got]
    rows: tuple[Row, ...]

    def problems(self) -> list[str]:
        """Empty: every request is in the ledger once, at a fair price."""
        counts = Counter(row.request_id for row in self.rows)
        missing = [f"{id_}: reached the upstream, and is not in the ledger" for id_ in self.sent if not counts[id_]]
        twice = [f"{id_}: {count} times in the ledger" for id_, count in counts.items() if count > 1]
        return missing + twice + [problem for row in self.rows for problem in self._unfair(row)]

    def _unfair(self, row: Row) -> list[str]:
        sent, got = self.sent.get(row.request_id), self.got.get(row.request_id)
        cost = row.cost_nano_usd
        if cost != row.input_tokens * INPUT_NANO + row.output_tokens * OUTPUT_NANO:
            return [f"{row}: the cost is not that of its tokens"]
        if sent is None:
            return [f"{row}: costs, and never reached the upstream"] if cost else []
        received = got.tokens if got is not None else 0
        if not received <= row.output_tokens <= sent.tokens:
            return [f"{row}: the client got {received} tokens, the upstream sent {sent.tokens}"]
        fair = sent.prompt * ESTIMATE + 2 if row.metered else sent.prompt
        return [f"{row}: the prompt had {sent.prompt} tokens"] if row.input_tokens > fair else []

    def spent(self) -> dict[str, int]:
        """Nano-USD by key hash."""
        spent: Counter[str] = Counter()
        for row in self.rows:
            spent[row.key_hash] += row.cost_nano_usd or 0
        return dict(spent)


def read_sent(book: Path) -> dict[str, Sent]:
    """A request that came twice (a kept connection broke) was sent what both were."""
    sent: dict[str, Sent] = {}
    for line in book.read_text().splitlines() if book.exists() else ():
        one = json.loads(line)
        before = sent.get(one["id"], Sent(one["prompt"], 0))
        sent[one["id"]] = Sent(before.prompt, before.tokens + one["sent"])
    return sent


def read_rows(url: str) -> tuple[Row, ...]:
    with psycopg.connect(url) as connection:
        return tuple(Row(*row) for row in connection.execute(_ROWS.encode()))


def complete(url: str, book: Path, got: Mapping[str, Got]) -> Books:
    """Once all that the upstream knows is in the ledger, and nothing more comes; else as it stands after a while."""
    end, before = time.monotonic() + COMPLETE_WITHIN_S, -1
    while True:
        sent, rows = read_sent(book), read_rows(url)
        lacking = sent.keys() - {row.request_id for row in rows}
        if (not lacking and len(rows) == before) or time.monotonic() > end:
            return Books(sent, got, rows)
        before = len(rows)
        time.sleep(2)
