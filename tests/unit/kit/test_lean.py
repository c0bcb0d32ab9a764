"""What a process is spared, in processes of their own."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from routeiq.kit.lean import without

UVICORN = """
import sys
from routeiq.kit.lean import import_uvicorn
import_uvicorn()
import uvicorn, uvicorn.server
assert uvicorn.Server is uvicorn.server.Server and uvicorn.Config is uvicorn.config.Config
import routeiq.kit.server
print(sorted({*sys.modules} & {"click", "multiprocessing", "uvicorn.supervisors", "uvicorn.main"}))
import uvicorn.main
assert callable(uvicorn.main.run) and uvicorn.main.Server is uvicorn.Server
"""


def test_uvicorn_comes_without_its_command_line() -> None:
    done = subprocess.run([sys.executable, "-c", UVICORN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_what_is_hidden_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with without("this", "sys"):
        with pytest.raises(ImportError):
            importlib.import_module("this")
        assert importlib.import_module("sys") is sys  # it was there before
    assert "this" not in sys.modules


def test_it_is_found_again_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with pytest.raises(ImportError), without("this"):
        importlib.import_module("this")
    assert "this" not in sys.modules
