"""Reading the prompts to evaluate."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from routeiq.routing.training.evaluate import EvaluationFailed, Row, read_rows


def test_other_columns_are_not_needed_and_not_read(tmp_path: Path) -> None:
    rows = [{"id": 1, "prompt": "a", "split": "x", "score:m": 1.0}, {"id": 2, "prompt": "b", "split": "y"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert read_rows(tmp_path / "rows.parquet", "x") == [Row(1, "a")]


def test_json_lines_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "q", "prompt": "a", "split": "x"}\n\n')
    assert read_rows(tmp_path / "rows.jsonl", "x") == [Row("q", "a")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.jsonl", '{"id": "q", "prompt": "a", "split": "x"}', "no row has split 'test'"),
        ("rows.jsonl", json.dumps({"id": "q", "split": "test"}), "lacks an id or a text prompt"),
        ("rows.jsonl", "[1, 2]", "cannot be read"),
        ("rows.jsonl", "not json", "cannot be read"),
        ("rows.parquet", "not parquet", "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_said(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(EvaluationFailed, match=message):
        read_rows(tmp_path / name, "test")


def test_a_missing_column_or_file_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([{"id": 1, "prompt": "a"}]), tmp_path / "rows.parquet")
    with pytest.raises(EvaluationFailed, match="lacks the columns split"):
        read_rows(tmp_path / "rows.parquet", "test")
    with pytest.raises(EvaluationFailed, match=r"none\.parquet"):
        read_rows(tmp_path / "none.parquet", "test")
