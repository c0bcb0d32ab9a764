"""`evaluate` against a running service: what is asked, what is written, and when nothing is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from routeiq.kit import private_files
from routeiq.kit.errors import ConfigurationError
from routeiq.routing.app import RoutingApp
from routeiq.routing.training.evaluate import EvaluationFailed, evaluate
from tests.integration.routing.conftest import Caller
from tests.support.routing import MODELS

ROWS = [{"id": f"q{n}", "prompt": f"Question {n}?", "split": "held" if n % 3 else "train"} for n in range(30)]


@pytest.fixture
def data_dir(tmp_path: Path, caller: Caller) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    pem = caller.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private_files.create(folder / "identity.key", pem)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


async def test_every_prompt_of_the_split_is_scored_in_order(
    app: RoutingApp, data: Path, data_dir: Path, tmp_path: Path
) -> None:
    await app.wait_loaded()
    seen: list[tuple[int, int]] = []
    out = tmp_path / "out.jsonl"
    count = await asyncio.to_thread(
        evaluate, app.address, data, "held", out, data_dir, lambda done, of: seen.append((done, of))
    )
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["id"] for one in lines] == [row["id"] for row in ROWS if row["split"] == "held"]
    assert lines[0]["quality"] == {one.name: pytest.approx(one.mean_quality) for one in MODELS}
    assert lines[0]["cost"] == {one.name: pytest.approx(one.mean_cost) for one in MODELS}
    assert (count, seen[-1]) == (20, (20, 20))


async def test_the_running_suite_is_found_in_its_data_directory(
    app: RoutingApp, data_dir: Path, tmp_path: Path
) -> None:
    await app.wait_loaded()
    (data_dir / "endpoints.json").write_text(json.dumps({"routing": app.address}))
    rows = tmp_path / "rows.jsonl"
    rows.write_text("\n".join(json.dumps(row) for row in ROWS[:3]))
    assert await asyncio.to_thread(evaluate, None, rows, "train", tmp_path / "out.jsonl", data_dir) == 1


async def test_an_answer_that_was_not_learned_fails_it_all(app: RoutingApp, data_dir: Path, tmp_path: Path) -> None:
    await app.wait_loaded()
    rows = [*ROWS, {"id": "empty", "prompt": "  ", "split": "held"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    out = tmp_path / "out.jsonl"
    out.write_text("as it was")
    with pytest.raises(EvaluationFailed, match=r"'empty' was not learned: FALLBACK_NO_PROMPT"):
        await asyncio.to_thread(evaluate, app.address, tmp_path / "rows.parquet", "held", out, data_dir)
    assert out.read_text() == "as it was"


async def test_a_folder_that_is_not_there_is_a_clear_error(
    app: RoutingApp, data: Path, data_dir: Path, tmp_path: Path
) -> None:
    await app.wait_loaded()
    with pytest.raises(EvaluationFailed, match="cannot be written"):
        await asyncio.to_thread(evaluate, app.address, data, "held", tmp_path / "no" / "out", data_dir)


def test_without_a_running_suite_or_a_credential_it_says_so(data: Path, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailed, match="--router"):
        evaluate(None, data, "held", tmp_path / "out", data_dir)
    with pytest.raises(ConfigurationError, match=r"identity\.key"):
        evaluate("127.0.0.1:1", data, "held", tmp_path / "out", tmp_path)
