"""`routeiq migrate` as a process of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from routeiq.control.migrations import control_migrations
from tests.support.fleet import ROUTEIQ

HEAD = control_migrations().head


def migrate(folder: Path, *args: str, **environ: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if name.startswith(("COV", "PYTHONPATH", "PATH"))}
    return subprocess.Popen(
        [str(ROUTEIQ), "migrate", *args],
        cwd=folder,
        env=env | environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def done(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Status, and what it printed: on standard output, else what is wrong."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out.strip() or err


def test_it_says_what_it_did_and_then_that_there_is_nothing_to_do(tmp_path: Path, database_url: str) -> None:
    assert done(migrate(tmp_path, "--database-url", database_url)) == (0, f"control: empty -> {HEAD}")
    assert done(migrate(tmp_path, DATABASE_URL=database_url)) == (0, f"control: at {HEAD}, nothing to do")


def test_two_at_once_both_end_well(tmp_path: Path, database_url: str) -> None:
    both = [migrate(tmp_path, ROUTEIQ_CONTROL_DATABASE_URL=database_url) for _ in range(2)]
    ends = [done(process) for process in both]
    assert {status for status, _ in ends} == {0}
    assert f"control: empty -> {HEAD}" in {said for _, said in ends}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "no database is named"),
        (("--database-url", "mysql://u:secret@h/d"), "neither postgresql"),
        (("--database-url", "postgresql://u:secret@127.0.0.1:1/d", "--wait", "0"), "does not answer"),
        (("--database-url", "sqlite:////nowhere/at/all.db"), "cannot be used as a database"),
    ],
)
def test_a_failure_has_a_status_and_a_reason_without_the_password(
    tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    status, text = done(migrate(tmp_path, *args))
    assert status == 1
    assert said in " ".join(text.split())
    assert "secret" not in text
    assert "Traceback" not in text
