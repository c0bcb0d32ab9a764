"""The environment of a start: `.env` under the process, the LITELLM_* names, and where the document is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.config.environment import LaunchSettings, find_config, read_environment
from routeiq.kit.errors import ConfigurationError


def test_process_wins_over_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB='quoted value'\nexport C=c\nD\nE=${A}\n")
    assert read_environment(tmp_path, {"A": "process"}) == {"A": "process", "B": "quoted value", "C": "c", "E": "${A}"}


def test_no_dotenv_is_no_fault(tmp_path: Path) -> None:
    assert read_environment(tmp_path, {"A": "1"}) == {"A": "1"}


def test_process_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_TEST_ONLY", "x")
    assert read_environment(tmp_path)["ROUTEIQ_TEST_ONLY"] == "x"


def test_unreadable_dotenv_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(ConfigurationError, match=r"\.env: cannot be read: not UTF-8 text"):
        read_environment(tmp_path, {})


def test_launch_settings_are_read() -> None:
    settings = LaunchSettings.from_environ(
        {
            "LITELLM_MASTER_KEY": "sk-a-long-random-key",
            "LITELLM_CONFIG_PATH": "/c.yaml",
            "LITELLM_HOST": "::1",
            "LITELLM_PORT": "5000",
            "OTHER": "x",
        }
    )
    assert settings.master_key is not None
    assert settings.master_key.get_secret_value() == "sk-a-long-random-key"
    assert (settings.config_path, settings.host, settings.port) == (Path("/c.yaml"), "::1", 5000)
    assert "sk-a-long" not in repr(settings)


def test_empty_variables_are_not_set() -> None:
    assert (
        LaunchSettings.from_environ({"LITELLM_PORT": "", "LITELLM_HOST": "", "LITELLM_CONFIG_PATH": ""})
        == LaunchSettings()
    )


def test_every_bad_variable_is_named_and_no_value_shown() -> None:
    with pytest.raises(ConfigurationError) as raised:
        LaunchSettings.from_environ({"LITELLM_PORT": "http8080", "LITELLM_MASTER_KEY": "sk-1234"})
    assert [line.split()[0] for line in raised.value.problems] == ["LITELLM_MASTER_KEY", "LITELLM_PORT:"]
    assert "http8080" not in str(raised.value)


def test_empty_master_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="LITELLM_MASTER_KEY is empty"):
        LaunchSettings.from_environ({"LITELLM_MASTER_KEY": ""})


def test_flag_beats_environment_beats_the_usual_place(tmp_path: Path) -> None:
    usual = tmp_path / "config.yaml"
    named = LaunchSettings(config_path=Path("/named.yaml"))
    assert find_config(Path("/flag.yaml"), named, usual) == Path("/flag.yaml")
    assert find_config(None, named, usual) == Path("/named.yaml")
    assert find_config(None, LaunchSettings(), usual) is None
    usual.write_text("")
    assert find_config(None, LaunchSettings(), usual) == usual
