"""`routeiq ledger rebuild` as a process of its own, on both databases."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

from sqlalchemy import update

from routeiq.control.store.usage_tables import UsageDay
from tests.support.control_database import open_patiently
from tests.support.fleet import ROUTEIQ
from tests.support.usage_batches import NOW, Books, batch


def rebuild(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name.startswith(("COV", "PYTHONPATH", "PATH"))}
    command = [str(ROUTEIQ), "ledger", "rebuild", *args]
    return subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True, timeout=60, check=False)


async def test_sums_that_are_wrong_are_made_again(control_database_url: str, tmp_path: Path) -> None:
    books, day = Books(open_patiently(control_database_url)), str(NOW.date())
    await books.write(batch(1, 20))
    async with books.database.transaction() as session:
        await session.execute(update(UsageDay).values(cost_nano_usd=7))
    args = ["--since", day, "--until", day, "--database-url", control_database_url]
    done = await asyncio.to_thread(rebuild, tmp_path, *args)
    assert (done.returncode, done.stdout.strip()) == (0, f"days made again: 1, {day} to {day}"), done.stderr
    assert (await books.totals("all"))["cost_nano_usd"] == 2000
    await books.check()
    await books.database.close()


def test_who_names_no_database_is_told(tmp_path: Path) -> None:
    done = rebuild(tmp_path, "--since", "2026-11-01")
    assert done.returncode == 1
    assert "no database is named" in done.stderr
