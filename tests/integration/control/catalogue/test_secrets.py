"""A raw key is nowhere but in the request that brought it: in no answer, no log line, no audit line, no file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from routeiq.control.store.tables import Base
from tests.support.catalogue import World, world
from tests.support.people import ADMIN

RAW = "sk-raw-8f3b61d0c2"
PROVIDER = {"name": "acme", "display_name": "A", "api_key": RAW, "base_url": "https://a.example", "models": ["m"]}
MODEL = {
    "model_name": "x", "model_info": {"id": "x"},
    "litellm_params": {"model": "openai/x", "api_key": RAW, "extra_headers": {"authorization": f"Bearer {RAW}"}},
}  # fmt: skip


REQUESTS: list[tuple[str, str, object]] = [
    ("POST", "/api/v1/providers", PROVIDER), ("POST", "/api/v1/providers", PROVIDER),
    ("POST", "/api/v1/providers", {**PROVIDER, "models": RAW}),
    ("POST", "/api/v1/providers", {**PROVIDER, "name": "b", "base_url": f"http://x:{RAW}@127.0.0.1"}),
    ("POST", "/api/v1/providers", {**PROVIDER, "name": "b", "api_key": f"{RAW}\n"}),
    ("PATCH", "/api/v1/providers/acme", {"api_key": RAW}), ("GET", "/api/v1/providers", None),
    ("POST", "/api/v1/providers/acme/test", None), ("POST", "/model/new", MODEL), ("POST", "/model/new", MODEL),
    ("POST", "/model/new", {**MODEL, "model_info": {}, "litellm_params": {"model": "x/", "api_key": RAW}}),
    ("POST", "/model/new", {"litellm_params": {"api_key": RAW, "model": [RAW]}}),
    ("PATCH", "/model/x/update", {"litellm_params": {"api_key": RAW, "timeout": RAW}}),
    ("POST", "/model/update", {"model_info": {"id": "x"}, "litellm_params": {"api_key": RAW}}),
    ("GET", "/model/info", None), ("GET", "/v2/model/info", None), ("POST", "/model/block", {"model_id": "x"}),
    ("POST", "/model/delete", {"id": "x"}), ("POST", "/model/new", MODEL),
]  # fmt: skip
"""Every way in which a key comes, also in requests that are refused."""


PROGRAM = """
import asyncio, sys
from routeiq.kit import log
from tests.integration.control.catalogue.test_secrets import ask_everything
log.configure("DEBUG")
asyncio.run(ask_everything(sys.argv[1]))
"""


@pytest.fixture
async def used(control_database_url: str) -> AsyncIterator[World]:
    async with world(control_database_url) as here:
        for method, path, body in REQUESTS:
            await here.ask(method, path, body, who=ADMIN)
        yield here


async def test_no_answer_has_it(used: World) -> None:
    assert len(used.answers) == 19
    assert not [one for one in used.answers if RAW in one]


async def test_no_row_has_it(used: World) -> None:
    async with used.control.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = (await session.execute(text(f"SELECT * FROM {table.name}"))).all()
            assert RAW not in str(rows)
        actions = [tuple(row) for row in await session.execute(text("SELECT action, outcome FROM audit_logs"))]
    assert {"provider.create", "provider.update", "model.new", "model.update", "model.delete"} <= {
        action for action, _ in actions
    }
    assert ("model.new", "error") in actions


def test_no_log_line_has_it(control_database_url: str) -> None:
    """In a process of its own: loggers keep the level with which they were used first."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, control_database_url], capture_output=True, text=True, timeout=60, check=True
    )
    lines = ran.stdout + ran.stderr
    assert "management.refused" in lines
    assert RAW not in lines


async def ask_everything(database_url: str) -> None:
    async with world(database_url) as here:
        for method, path, body in REQUESTS:
            await here.ask(method, path, body, who=ADMIN)


async def test_no_file_has_it(control_sqlite_url: str, tmp_path: Path) -> None:
    async with world(control_sqlite_url) as here:
        await here.done("POST", "/api/v1/providers", PROVIDER, status=201)
        await here.done("POST", "/model/new", MODEL, who=ADMIN)
    assert _that_hold(b"acme", tmp_path)
    assert not _that_hold(RAW.encode(), tmp_path)


def _that_hold(content: bytes, folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and content in path.read_bytes()]
