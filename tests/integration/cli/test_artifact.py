"""`routeiq artifact` against what answers at a URL: errors in one line, and the key to nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from routeiq.cli.artifact import app
from routeiq.cli.suite import DEFAULT_URL, SuiteRefused, find_suite
from routeiq.clients.artifact_tar import unpack
from routeiq.kit import private_files
from routeiq.kit.errors import ConfigurationError, NotFound
from tests.support.artifact_folders import write_folder

KEY = "sk-of-the-tests-1234567890"
IDS = ("ab" * 32, "ac" * 32)


@dataclass
class Answering:
    """A server that says one thing, and remembers what it was asked."""

    url: str
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str, bytes]] = field(default_factory=list)

    def listing(self) -> None:
        self.body = json.dumps({"artifacts": [{"artifact_id": one} for one in IDS], "wanted": None}).encode()


@pytest.fixture
def server() -> Iterator[Answering]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            said.asked.append((self.command, self.path, self.headers.get("authorization", ""), sent))
            self.send_response(said.status)
            for header in (said.headers | {"content-length": str(len(said.body))}).items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(said.body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        said = Answering(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield said
        listening.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_KEY", KEY)


def run(server: Answering, *arguments: object) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments), "--url", server.url])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_push_sends_the_tar_and_the_key(server: Answering, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "artifact")
    server.body = json.dumps({"artifact_id": "x", "created": True, "signed_by": None, "warnings": ["w"]}).encode()
    assert run(server, "push", folder) == "x pushed, not signed\nwarning: w\n"
    [(method, path, authorization, sent)] = server.asked
    assert (method, path, authorization) == ("POST", "/router/artifacts", f"Bearer {KEY}")
    assert unpack(sent).artifact_id


def test_a_refusal_is_one_line_that_a_terminal_can_show(server: Answering) -> None:
    server.status, server.body = 409, json.dumps({"error": {"message": "no \x1b[31m\nway"}}).encode()
    with pytest.raises(SuiteRefused) as caught:
        run(server, "rollback")
    assert caught.value.message == "no  [31m way (HTTP 409)"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "x"}', b"\xff"])
def test_a_refusal_without_a_reason_has_its_status(server: Answering, body: bytes) -> None:
    server.status, server.body = 502, body
    with pytest.raises(SuiteRefused, match="HTTP 502"):
        run(server, "list")


def test_an_answer_of_something_else_is_said(server: Answering) -> None:
    server.body = b"<html>hello</html>"
    with pytest.raises(SuiteRefused, match="is no RouteIQ"):
        run(server, "list")


def test_the_key_does_not_follow_a_redirect(server: Answering) -> None:
    server.status, server.headers = 302, {"location": f"{server.url}/elsewhere"}
    with pytest.raises(SuiteRefused, match="HTTP 302"):
        run(server, "list")
    assert len(server.asked) == 1


def test_an_id_may_be_given_by_its_beginning(server: Answering) -> None:
    server.listing()
    with pytest.raises(KeyError):  # the twin answers with the list again
        run(server, "promote", "AB")
    assert server.asked[-1][1] == f"/router/artifacts/{IDS[0]}/promote"


@pytest.mark.parametrize(("beginning", "said"), [("a", "2 pushed artifacts"), ("ff", "No pushed"), ("", "No pushed")])
def test_a_beginning_must_be_of_one(server: Answering, beginning: str, said: str) -> None:
    server.listing()
    with pytest.raises(NotFound, match=said):
        run(server, "promote", beginning)


def test_the_suite_is_found_in_its_data_directory(tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text('{"gateway": "http://127.0.0.1:4567"}')
    private_files.create(tmp_path / "master.key", b"sk-kept-in-the-data-directory\n")
    found = find_suite(None, tmp_path, {})
    assert (found.url, found.key) == ("http://127.0.0.1:4567", "sk-kept-in-the-data-directory")
    environ = {"ROUTEIQ_URL": "https://gateway/", "LITELLM_MASTER_KEY": "second", "ROUTEIQ_KEY": "first"}
    found = find_suite(None, tmp_path, environ)
    assert (found.url, found.key) == ("https://gateway", "first")
    assert "first" not in repr(found)


def test_without_anything_the_default_of_up_is_asked(tmp_path: Path) -> None:
    assert find_suite(None, tmp_path, {"ROUTEIQ_KEY": KEY}).url == DEFAULT_URL
    with pytest.raises(ConfigurationError, match="ROUTEIQ_KEY"):
        find_suite(None, tmp_path, {})


@pytest.mark.parametrize("url", ["localhost:4000", "file:///etc/passwd", "http://", "http://user:pass@host"])
def test_what_is_no_url_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="--url"):
        find_suite(url, tmp_path, {"ROUTEIQ_KEY": KEY})
