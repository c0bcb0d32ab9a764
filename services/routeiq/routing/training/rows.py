"""Read training files into columns of plain Python values, whatever their form, and check every value.

Two forms: long, one row a label (`prompt, model, score`, optional `cost, domain, split`); wide, one row a prompt
(`prompt`, `score:<model>`, optional `cost:<model>`, `domain`, `split`). Rows of split `test` are dropped as they are
read: nothing after this module can see them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from routeiq.routing.training.errors import TrainingDataInvalid

SPLITS = ("train", "val", "test")
_SCORE, _COST = "score:", "cost:"
Row = Mapping[str, object]


@dataclass(frozen=True)
class Label:
    """One outcome: what `model` reached on `prompt`. score: 0..1; cost_usd: one request, or None if unknown."""

    prompt: str
    model: str
    score: float
    cost_usd: float | None
    domain: str | None
    split: str | None


def read_labels(paths: Sequence[Path]) -> list[Label]:
    """All labels of all files, without the test rows, in file order.

    Raises: TrainingDataInvalid: a file cannot be read, lacks a column, or a row holds a value that cannot be."""
    problems: list[str] = []
    labels: list[Label] = []
    for path in paths:
        try:
            columns, rows = _open(path)
        except (OSError, ValueError, pa.ArrowException) as error:
            problems.append(f"{path}: cannot be read: {error}")
            continue
        missing = _missing_columns(path, columns)
        problems += missing
        labels += [] if missing else _file_labels(path, columns, rows, problems)
    if not problems and not labels:
        problems.append(f"{', '.join(map(str, paths)) or 'no file'}: no rows to train on (test rows are not read)")
    if problems:
        raise TrainingDataInvalid(problems)
    return labels


def _open(path: Path) -> tuple[list[str], list[Row]]:
    """Column names and rows. Raises: OSError, ValueError, ArrowException."""
    if path.suffix in (".jsonl", ".ndjson"):
        rows: list[Row] = [_json_row(number, line) for number, line in _lines(path)]
        return sorted({name for row in rows for name in row}), rows
    if path.suffix != ".parquet":
        raise ValueError("expected a .parquet or .jsonl file")
    table = pq.read_table(path)
    return table.schema.names, table.to_pylist()


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as stream:
        yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())


def _json_row(number: int, line: str) -> Row:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is not a JSON object")
    return row


def _is_wide(columns: Sequence[str]) -> bool:
    return any(name.startswith(_SCORE) for name in columns)


def _missing_columns(path: Path, columns: Sequence[str]) -> list[str]:
    if not columns:
        return [f"{path}: no rows"]
    needed = ("prompt",) if _is_wide(columns) else ("prompt", "model", "score")
    missing = [name for name in needed if name not in columns]
    hint = "" if _is_wide(columns) else " (or `score:<model>` columns, one a model)"
    return [f"{path}: lacks column {name}{hint}" for name in missing]


def _file_labels(path: Path, columns: Sequence[str], rows: Sequence[Row], problems: list[str]) -> list[Label]:
    labels: list[Label] = []
    models = [name.removeprefix(_SCORE) for name in columns if name.startswith(_SCORE)]
    labelled: set[str] = set()
    before = len(problems)
    for number, row in enumerate(rows, 1):
        if row.get("split") == "test":
            continue
        try:
            found = list(_row_labels(row, models))
        except ValueError as error:
            problems.append(f"{path}: row {number}: {error}")
            continue
        labels += found
        labelled.update(label.model for label in found)
    bare = [] if len(problems) > before else [model for model in models if model not in labelled]
    problems += [f"{path}: column {_SCORE}{model}: no row has a score for this model" for model in bare]
    return labels


def _row_labels(row: Row, models: Sequence[str]) -> Iterator[Label]:
    """The labels of one row: one, or one per scored model in the wide form. Raises: ValueError, with the column."""
    prompt = _text(row, "prompt", required=True) or ""
    domain, split = _text(row, "domain"), _text(row, "split")
    if split is not None and split not in SPLITS:
        raise ValueError(f"column split: {split!r} is none of {', '.join(SPLITS)}")
    if not models:
        model = _text(row, "model", required=True) or ""
        score = _number(row, "score", high=1.0)
        if score is None:
            raise ValueError("column score: is empty")
        yield Label(prompt, model, score, _number(row, "cost"), domain, split)
    for model in models:
        score = _number(row, _SCORE + model, high=1.0)
        if score is not None:
            yield Label(prompt, model, score, _number(row, _COST + model), domain, split)


def _text(row: Row, column: str, *, required: bool = False) -> str | None:
    value = row.get(column)
    if value is None and not required:
        return None
    if not isinstance(value, str) or (required and not value.strip()):
        raise ValueError(f"column {column}: expected text, found {value!r}")
    return value


def _number(row: Row, column: str, high: float = math.inf) -> float | None:
    """A finite number in [0, high], or None where the cell is empty."""
    value = row.get(column)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"column {column}: expected a number, found {value!r}")
    if not 0.0 <= value <= high:
        raise ValueError(f"column {column}: {value!r} is outside 0..{high:g}")
    return float(value)
