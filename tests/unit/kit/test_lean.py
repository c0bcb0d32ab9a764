"""What a process is spared, in processes of their own."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from routeiq.kit.lean import stood_in, without

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

GATEWAY = """
import sys
from routeiq.kit.lean import import_for_gateway, import_uvicorn
import_uvicorn()
import_for_gateway()
left = {"argparse", "http.server", "urllib.request", "logging.config", "google.protobuf.text_format"}
print(sorted({*sys.modules} & left))
from google.protobuf.duration_pb2 import Duration
assert Duration.FromString(Duration(seconds=3).SerializeToString()).ToTimedelta().seconds == 3
import prometheus_client
prometheus_client.Counter("one", "One.").inc()
assert b"one_total 1.0" in prometheus_client.generate_latest()
try:
    prometheus_client.start_http_server(0)
except RuntimeError as error:
    print(error)
import argparse, http.server, socketserver, urllib.request, logging.config, configparser
assert argparse.ArgumentParser().parse_args([]) == argparse.Namespace()
assert issubclass(http.server.HTTPServer, socketserver.TCPServer) and urllib.request.build_opener()
from google.protobuf import text_format
assert text_format.MessageToString(Duration(seconds=3)) == str(Duration(seconds=3)) == "seconds: 3\\n"
import cryptography.hazmat.primitives.serialization.ssh as ssh
assert callable(ssh.load_ssh_public_key)
"""


def test_the_gateways_libraries_work_without_their_other_parts_which_can_be_had_later() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", GATEWAY], capture_output=True, text=True, check=False)
    left_out = "wsgiref.simple_server is left out of this process: routeiq.kit.lean says why"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"[]\n{left_out}\n", "")


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


def test_a_stand_in_may_be_a_base_and_is_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with stood_in({"this": "One two", "sys": "path"}):
        stand_in = importlib.import_module("this")
        assert importlib.import_module("sys") is sys  # it was there before
    assert "this" not in sys.modules
    own = type("Own", (stand_in.One,), {})
    with pytest.raises(RuntimeError, match="this is left out"):
        stand_in.two("anything")
    with pytest.raises(RuntimeError):
        own()
