import math
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from routeiq.routing.training.errors import TrainingDataInvalid
from routeiq.routing.training.rows import read_labels
from tests.support.trained import long_rows, wide_rows, write_jsonl

GOOD = {"prompt": "p", "model": "m", "score": 1.0}


def problems_of(path):
    with pytest.raises(TrainingDataInvalid) as found:
        read_labels([path])
    return found.value.problems


def test_wide_and_long_rows_give_the_same_labels(tmp_path):
    wide = wide_rows(15)
    pq.write_table(pa.Table.from_pylist(wide), tmp_path / "wide.parquet")
    long = write_jsonl(tmp_path / "long.jsonl", long_rows(wide))
    key = repr
    assert sorted(read_labels([tmp_path / "wide.parquet"]), key=key) == sorted(read_labels([long]), key=key)


def test_test_rows_are_never_read(tmp_path):
    rows = [GOOD, {**GOOD, "prompt": "secret", "split": "test", "score": "not even a number"}]
    assert [label.prompt for label in read_labels([write_jsonl(tmp_path / "rows.jsonl", rows)])] == ["p"]


def test_an_empty_score_cell_is_no_label(tmp_path):
    rows = [{"prompt": "p", "score:a": 1, "score:b": None}, {"prompt": "q", "score:a": 0, "score:b": 0.5}]
    labels = read_labels([write_jsonl(tmp_path / "rows.jsonl", rows)])
    assert [(label.prompt, label.model) for label in labels] == [("p", "a"), ("q", "a"), ("q", "b")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**GOOD, "score": math.nan}, "row 2: column score: expected a number, found nan"),
        ({**GOOD, "score": 1.5}, "row 2: column score: 1.5 is outside 0..1"),
        ({**GOOD, "score": True}, "row 2: column score: expected a number, found True"),
        ({**GOOD, "score": None}, "row 2: column score: is empty"),
        ({**GOOD, "cost": -1}, "row 2: column cost: -1 is outside 0..inf"),
        ({**GOOD, "prompt": " "}, "row 2: column prompt: expected text, found ' '"),
        ({**GOOD, "model": 3}, "row 2: column model: expected text, found 3"),
        ({**GOOD, "model": "a\nb"}, "row 2: column model: 'a\\nb' is not printable text of at most 256"),
        ({**GOOD, "domain": "x" * 300}, "row 2: column domain: "),
        ({**GOOD, "prompt": "a\ud800"}, "row 2: column prompt: holds half of a character"),
        ({**GOOD, "split": "dev"}, "row 2: column split: 'dev' is none of train, val, test"),
    ],
)
def test_a_bad_value_is_named_by_row_and_column(tmp_path, row, message):
    assert message in problems_of(write_jsonl(tmp_path / "rows.jsonl", [GOOD, row]))[0]


def test_all_bad_rows_are_named_at_once(tmp_path):
    rows = [{**GOOD, "score": 2}] * 30
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    with pytest.raises(TrainingDataInvalid, match="and 10 more") as found:
        read_labels([path])
    assert len(found.value.problems) == 30


def test_lines_that_are_no_rows_are_named_with_all_other_faults(tmp_path):
    good = b'{"prompt": "p", "model": "m", "score": 1}'
    bad = b'{"prompt": "p", "model": "m", "score": 2}'
    lines = [b"\xef\xbb\xbf" + good, b"", b"{", b"\xff", good, bad, b"[" * 100_000]
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(lines))
    problems = problems_of(tmp_path / "rows.jsonl")
    assert [problem.split(": ")[1] for problem in problems] == ["row 3", "row 4", "row 7", "row 6"]


def test_long_rows_among_wide_ones_are_named(tmp_path):
    wide = {"prompt": "q", "score:m": 1}
    path = write_jsonl(tmp_path / "rows.jsonl", [GOOD, wide, GOOD, {**wide, "model": "a note"}])
    problems = problems_of(path)
    assert [problem.split(": ")[1] for problem in problems] == ["row 1", "row 3"]
    assert "a long row (`model`, `score`) among wide ones" in problems[0]


def test_a_long_file_and_a_wide_one_give_all_their_labels(tmp_path):
    long = write_jsonl(tmp_path / "long.jsonl", [GOOD])
    wide = write_jsonl(tmp_path / "wide.jsonl", [{"prompt": "q", "score:m": 0}])
    assert [(label.prompt, label.score) for label in read_labels([long, wide])] == [("p", 1.0), ("q", 0.0)]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert "cannot be read: [Errno 22] it is not a regular file" in problems_of(tmp_path / name)[0]


def test_missing_columns_are_named(tmp_path):
    problems = problems_of(write_jsonl(tmp_path / "rows.jsonl", [{"prompt": "p"}]))
    assert "lacks column model" in problems[0]
    assert "lacks column score" in problems[1]


def test_a_model_without_any_score_is_named(tmp_path):
    problems = problems_of(write_jsonl(tmp_path / "rows.jsonl", [{"prompt": "p", "score:a": 1, "score:b": None}]))
    assert "column score:b: no row has a score" in problems[0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.jsonl", b"", "no rows"),
        ("rows.jsonl", b"{", "row 1: is not a JSON object: Expecting"),
        ("rows.jsonl", b"[1]", "row 1: is not a JSON object: it is a list"),
        ("rows.jsonl", b"\xff\xfe", "row 1: is not UTF-8 text"),
        ("rows.parquet", b"PAR1", "cannot be read"),
        ("rows.csv", b"a,b", "expected a .parquet or .jsonl file"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert message in problems_of(tmp_path / name)[0]


def test_a_missing_file_is_named(tmp_path):
    assert "absent.jsonl: cannot be read" in problems_of(tmp_path / "absent.jsonl")[0]


def test_only_test_rows_are_no_rows(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", [{**GOOD, "split": "test"}])
    assert "no rows to train on" in problems_of(path)[0]


def test_every_file_is_checked_even_if_the_first_is_bad(tmp_path):
    bad = write_jsonl(tmp_path / "bad.jsonl", [{**GOOD, "score": 2}])
    worse = write_jsonl(tmp_path / "worse.jsonl", [{**GOOD, "score": 3}])
    with pytest.raises(TrainingDataInvalid) as found:
        read_labels([bad, worse])
    assert [one.split(":")[0] for one in found.value.problems] == [str(bad), str(worse)]
