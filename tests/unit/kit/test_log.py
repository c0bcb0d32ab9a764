"""No line of the log holds a credential, whoever wrote its text."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from routeiq.kit import log

KEY = "sk-proj-AbC123def456"


def test_texts_and_tracebacks_are_without_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    log.configure()
    try:
        try:
            raise ValueError(f"cannot send Authorization: Bearer {KEY}")
        except ValueError:
            structlog.get_logger().exception("went.wrong", url=f"redis://user:{KEY}@host", count=3)
    finally:
        structlog.configure(**before)
    line = json.loads(capsys.readouterr().err)
    assert KEY not in json.dumps(line)
    assert (line["url"], line["count"]) == ("redis://user:[redacted]@host", 3)
    assert "Authorization: Bearer [redacted]" in line["exception"]


def test_so_are_the_lines_of_libraries() -> None:
    stream = io.StringIO()
    handler = log.handler(stream)
    handler.handle(logging.LogRecord("lib", logging.WARNING, "f", 1, "told %s", (KEY,), None))
    assert stream.getvalue() == "WARNING lib: told [redacted]\n"


def test_loggers_that_were_used_follow_a_new_level(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    log.configure()
    kept = structlog.get_logger()
    try:
        kept.info("first")
        log.set_level("warning")
        kept.info("quiet")
        kept.error("loud")
        log.set_level("debug")
        kept.debug("second")
        log.set_level("no level")
        kept.debug("quiet")
        kept.info("third")
    finally:
        structlog.configure(**before)
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == [
        "first", "loud", "second", "third",
    ]  # fmt: skip
