"""Ten rounds of `make chaos`, and what its judge would say of books that are not in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.books import Books, Row, Sent, read_sent
from tests.chaos.rounds import play
from tests.chaos.traffic import Got
from tests.chaos.world import INPUT_NANO, OUTPUT_NANO

ROUNDS, SEED = 10, 7


@pytest.mark.timeout(600)
async def test_ten_rounds(tmp_path_factory: pytest.TempPathFactory) -> None:
    table, problems = await play(tmp_path_factory.mktemp("chaos"), ROUNDS, SEED)
    assert problems == [], "\n".join([*table, *problems[:20]])


def row(input_tokens: int = 10, output_tokens: int = 5, cost: int | None = None) -> Row:
    due = input_tokens * INPUT_NANO + output_tokens * OUTPUT_NANO
    return Row("id", "key", input_tokens, output_tokens, due if cost is None else cost, 1, "", metered=False)


@pytest.mark.parametrize(
    ("sent", "received", "rows", "problem"),
    [
        ((10, 5), 5, [row()], ""),
        ((10, 5), 3, [row(output_tokens=3)], ""),
        ((10, 5), 5, [], "is not in the ledger"),
        ((10, 5), 5, [row(), row()], "2 times in the ledger"),
        ((10, 5), 5, [row(output_tokens=4)], "the client got 5 tokens, the upstream sent 5"),
        ((10, 5), 5, [row(output_tokens=6)], "the client got 5 tokens, the upstream sent 5"),
        ((10, 5), 5, [row(input_tokens=11)], "the prompt had 10 tokens"),
        ((10, 5), 5, [row(cost=1)], "the cost is not that of its tokens"),
        (None, 0, [row()], "costs, and never reached the upstream"),
        (None, 0, [row(0, 0)], ""),
    ],
)
def test_the_judge(sent: tuple[int, int] | None, received: int, rows: list[Row], problem: str) -> None:
    books = Books({"id": Sent(*sent)} if sent else {}, {"id": Got("id", "key", 200, received)}, tuple(rows))
    found = books.problems()
    assert len(found) == bool(problem)
    assert not problem or problem in found[0]


def test_a_book_adds_up_what_was_sent_twice(tmp_path: Path) -> None:
    lines = ['{"id":"a","prompt":3,"sent":2,"stream":true}', '{"id":"a","prompt":3,"sent":4,"stream":true}']
    (tmp_path / "book").write_text("\n".join(lines) + "\n")
    assert read_sent(tmp_path / "book") == {"a": Sent(3, 6)}
