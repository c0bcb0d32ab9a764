"""The command line: quick help, expected errors without a traceback."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from routeiq.cli.errors import one_error, said
from routeiq.kit.errors import ConfigurationError, RouteIQError

HEAVY = ("onnxruntime", "numpy", "fastapi", "grpc", "sklearn", "aiohttp", "litellm")


def routeiq(*args: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from routeiq.cli.main import app; sys.argv[0] = 'routeiq'; app()"
    return subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=False)


def test_help_lists_every_command() -> None:
    done = routeiq("--help")
    assert done.returncode == 0
    for name in ("up", "serve", "ledger", "check", "keys", "train", "evaluate", "artifact"):
        assert f"  {name} " in done.stdout


def test_help_imports_nothing_heavy() -> None:
    program = f"import sys, routeiq.cli.main; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", ["up", "serve", "ledger", "check", "keys", "train", "evaluate", "artifact"])
def test_every_command_has_help(command: str) -> None:
    done = routeiq(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: routeiq " + command in done.stdout
    assert "completion" not in done.stdout


def test_an_unknown_command_is_said() -> None:
    done = routeiq("upp")
    assert done.returncode == 2
    assert "upp" in done.stderr


def test_an_expected_failure_has_no_traceback(tmp_path: object) -> None:
    done = routeiq("keys", "show", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "routeiq up" in done.stderr


def test_a_group_of_expected_failures_is_its_first() -> None:
    inner = ConfigurationError(["port in use"])
    with pytest.raises(ConfigurationError, match="port in use"), one_error():
        raise ExceptionGroup("tasks", [ExceptionGroup("inner", [inner])])


def test_a_full_disk_is_said_in_one_line() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/data/nats.conf")
    assert said(full) == "/data/nats.conf: cannot be written: No space left on device"
    with pytest.raises(OSError, match="No space left"), one_error():
        raise ExceptionGroup("tasks", [full])


def test_other_faults_of_files_are_faults() -> None:
    assert said(OSError(errno.ENOENT, "No such file")) is None


def test_anything_unexpected_stays_a_group() -> None:
    with pytest.raises(ExceptionGroup), one_error():
        raise ExceptionGroup("tasks", [RouteIQError("x"), ValueError("y")])
