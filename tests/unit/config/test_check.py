"""`check` reports what a start would, of both stages at once; `routeiq check` prints it and ends with 0 or 1."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from routeiq.cli.check import app
from routeiq.config.check import check

GOOD = "model_list: [{model_name: m, litellm_params: {model: simulated/x}}]\n"
BAD = GOOD + "router_settings: {num_retrys: 1, routing_strategy: nope}\nrouteiq: {auto: {models: [m, n]}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "c.yaml"


def test_good_document(file: Path) -> None:
    file.write_text(GOOD)
    report = check(file, {})
    assert report.ok
    assert report.lines == ()
    assert report.summary == f"{file}: ok"


def test_errors_and_warnings_stand_together_by_line(file: Path) -> None:
    file.write_text(BAD)
    report = check(file, {})
    assert [line.split(" ")[1] for line in report.lines] == [
        "router_settings.num_retrys:",
        "router_settings.routing_strategy:",
        "routeiq.auto.models[1]:",
    ]
    assert (len(report.errors), len(report.warnings)) == (2, 1)
    assert report.summary == f"{file}: 2 errors, 1 warning"


def test_errors_of_the_whole_stand_beside_those_of_the_parts(file: Path) -> None:
    file.write_text(
        "model_list:\n"
        "- {model_name: g, litellm_params: {model: simulated/a}}\n"
        "- {model_name: g, litellm_params: {model: simulated/b}, model_info: {id: simulated/a}}\n"
        "router_settings: {routing_strategy: llmrouter-knn, num_retries: x}\n"
    )
    assert [line.split(": ")[0].rpartition(":")[2] for line in check(file, {}).errors] == ["3", "4"]


def test_file_that_cannot_be_read_is_an_error(file: Path) -> None:
    report = check(file, {})
    assert report.errors == report.lines == (f"{file}: cannot be read: No such file or directory",)
    assert report.summary == f"{file}: 1 error"


def test_command_prints_the_lines_and_ends_with_1(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    file.write_text(BAD)
    result = CliRunner().invoke(app, [str(file)])
    assert result.exit_code == 1
    assert result.output.splitlines() == [*check(file, {}).lines, f"{file}: 2 errors, 1 warning"]


def test_command_resolves_from_dotenv_and_ends_with_0(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    (file.parent / ".env").write_text("MY_ROUTEIQ_KEY=sk-a-long-random-key\n")
    file.write_text(GOOD + "general_settings: {master_key: os.environ/MY_ROUTEIQ_KEY}\n")
    result = CliRunner().invoke(app, [str(file)])
    assert (result.exit_code, result.output) == (0, f"{file}: ok\n")
