"""`routeiq evaluate` as a command: its options reach the evaluation."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from routeiq.cli.evaluate import app
from routeiq.routing.training.evaluate import EvaluationFailed

runner = CliRunner()


def test_it_needs_data_split_and_out() -> None:
    result = runner.invoke(app, [])
    assert result.exit_code == 2
    assert "--data" in result.output


def test_a_failure_is_left_to_the_console_script(tmp_path: Path) -> None:
    options = ["--data", str(tmp_path / "none.parquet"), "--split", "test", "--out", str(tmp_path / "out")]
    result = runner.invoke(app, options)
    assert isinstance(result.exception, EvaluationFailed)
    assert "none.parquet" in result.exception.message
