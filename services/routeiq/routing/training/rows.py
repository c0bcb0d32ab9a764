"""Read training files into columns of plain Python values, whatever their form, and check every value.

Two forms: long, one row a label (`prompt, model, score`, optional `cost, domain, split`); wide, one row a prompt
(`prompt`, `score:<model>`, optional `cost:<model>`, `domain`, `split`). Rows of split `test` are dropped as they are
read: nothing after this module can see them."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from routeiq.kit.regular_files import open_regular
from routeiq.routing.artifact.manifest import NAME_LENGTH, is_name
from routeiq.routing.training.errors import TrainingDataInvalid

SPLITS = ("train", "val", "test")
_SCORE, _COST = "score:", "cost:"
Row = Mapping[str, object]
Numbered = tuple[int, Row]
"""A row with its number in the file, from 1."""


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
            columns, rows = _open(path, problems)
        except (OSError, ValueError, pa.ArrowException) as error:
            problems.append(f"{path}: cannot be read: {error}")
            continue
        if not columns and problems:
            continue
        wrong = _wrong_columns(path, columns)
        problems += wrong
        labels += [] if wrong else _file_labels(path, columns, rows, problems)
    if not problems and not labels:
        problems.append(f"{', '.join(map(str, paths)) or 'no file'}: no rows to train on (test rows are not read)")
    if problems:
        raise TrainingDataInvalid(problems)
    return labels


def _open(path: Path, problems: list[str]) -> tuple[list[str], list[Numbered]]:
    """Column names and rows; lines that are no rows go to `problems`. Raises: OSError, ValueError, ArrowException."""
    if path.suffix in (".jsonl", ".ndjson"):
        with open_regular(path) as stream:
            rows = list(_json_rows(path, stream, problems))
        return sorted({name for _, row in rows for name in row}), rows
    if path.suffix != ".parquet":
        raise ValueError("expected a .parquet or .jsonl file")
    with open_regular(path) as stream:
        table = pq.read_table(stream)
    return table.schema.names, list(enumerate(table.to_pylist(), 1))


def _json_rows(path: Path, lines: Iterable[bytes], problems: list[str]) -> Iterator[Numbered]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, _json_row(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError:
            problems.append(f"{path}: row {number}: is not UTF-8 text")
        except (ValueError, RecursionError) as error:
            problems.append(f"{path}: row {number}: is not a JSON object: {error}")


def _json_row(line: str) -> Row:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError(f"it is a {type(row).__name__}")
    return row


def _is_wide(columns: Sequence[str]) -> bool:
    return any(name.startswith(_SCORE) for name in columns)


def _wrong_columns(path: Path, columns: Sequence[str]) -> list[str]:
    if not columns:
        return [f"{path}: no rows"]
    needed = ("prompt",) if _is_wide(columns) else ("prompt", "model", "score")
    missing = [name for name in needed if name not in columns]
    unfit = [name for name in columns if name.startswith(_SCORE) and not is_name(name.removeprefix(_SCORE))]
    hint = "" if _is_wide(columns) else " (or `score:<model>` columns, one a model)"
    return [f"{path}: lacks column {name}{hint}" for name in missing] + [
        f"{path}: column {name[:80]!r} does not name a model" for name in unfit
    ]


def _file_labels(path: Path, columns: Sequence[str], rows: Sequence[Numbered], problems: list[str]) -> list[Label]:
    labels: list[Label] = []
    models = [name.removeprefix(_SCORE) for name in columns if name.startswith(_SCORE)]
    labelled: set[str] = set()
    before = len(problems)
    for number, row in rows:
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
    domain, split = _name(row, "domain"), _text(row, "split")
    if split is not None and split not in SPLITS:
        raise ValueError(f"column split: {split!r} is none of {', '.join(SPLITS)}")
    if not models:
        model = _name(row, "model", required=True) or ""
        score = _number(row, "score", high=1.0)
        if score is None:
            raise ValueError("column score: is empty")
        yield Label(prompt, model, score, _number(row, "cost"), domain, split)
    scores = {model: _number(row, _SCORE + model, high=1.0) for model in models}
    if models:
        _refuse_long(row, any(score is not None for score in scores.values()))
    for model, score in scores.items():
        if score is not None:
            yield Label(prompt, model, score, _number(row, _COST + model), domain, split)


def _refuse_long(row: Row, scored: bool) -> None:
    """Raises: ValueError: a row of the long form in a file of the wide form, whose label would go unread.

    Columns `model` and `score` may stand in wide rows for something else, but not as all that a row says."""
    long = [name for name in ("model", "score") if row.get(name) is not None]
    if len(long) == 2 or (long and not scored):
        raise ValueError(
            f"column {long[0]}: a long row (`model`, `score`) among wide ones (`score:<model>`); "
            "keep each form in a file of its own"
        )


def _text(row: Row, column: str, *, required: bool = False) -> str | None:
    value = row.get(column)
    if value is None and not required:
        return None
    if not isinstance(value, str) or (required and not value.strip()):
        raise ValueError(f"column {column}: expected text, found {value!r}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"column {column}: holds half of a character, which UTF-8 cannot write") from None
    return value


def _name(row: Row, column: str, *, required: bool = False) -> str | None:
    """Text that the manifest takes as a name."""
    value = _text(row, column, required=required)
    if value and not is_name(value):
        raise ValueError(f"column {column}: {value[:40]!r} is not printable text of at most {NAME_LENGTH} characters")
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
