"""`routeiq up --config FILE`: an edited file is in force without a restart; a broken one is said, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.support.documents import text_of
from tests.support.suite import Suite, running

SOON_S = 60.0
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(text_of("first"))
    return tmp_path / "config.yaml"


@pytest.fixture
def suite(file: Path) -> Iterator[Suite]:
    with running(file.parent, "--config", str(file)) as started:
        yield started


def version(suite: Suite, model: str) -> str:
    """That of its answer. Raises: openai.NotFoundError."""
    with openai.OpenAI(base_url=f"{suite.url}/v1", api_key=suite.key, max_retries=0) as client:
        answer = client.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": "hi"}], max_tokens=1
        )
        return str(answer.headers["x-routeiq-version"])


def soon(suite: Suite, model: str) -> str:
    """Once it answers."""
    end = time.monotonic() + SOON_S
    while True:
        try:
            return version(suite, model)
        except openai.NotFoundError:
            assert time.monotonic() < end, suite.said
            time.sleep(0.05)


def status(suite: Suite) -> dict[str, Any]:
    code, body = suite.get("/config/sync/status", key=suite.key)
    assert code == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


def said(suite: Suite, text: str) -> dict[str, Any]:
    """The status, once it says that."""
    end = time.monotonic() + SOON_S
    while text not in json.dumps(found := status(suite)):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def test_an_edited_file_is_in_force_without_a_restart(suite: Suite, file: Path) -> None:
    before = version(suite, "first")
    file.write_text(text_of("second"))
    after = soon(suite, "second")
    with pytest.raises(openai.NotFoundError):
        version(suite, "first")
    assert after != before
    assert said(suite, after.partition(".")[0])["enabled"] is True
    models = json.loads(suite.get("/model/info", key=suite.key)[1])
    assert [one["model_name"] for one in models["data"] if one["model_info"]["db_model"] is False][:1] == ["second"]


def test_a_broken_edit_is_said_with_its_line_and_the_old_serves(suite: Suite, file: Path) -> None:
    before = version(suite, "first")
    file.write_text(text_of("second") + "router_settings: {num_retries: many}\n")
    assert said(suite, f"{file}:3: router_settings.num_retries: ")
    assert version(suite, "first") == before
    file.write_text(text_of("third"))
    soon(suite, "third")


def test_a_file_that_was_edited_while_the_suite_was_off_serves_from_the_start(file: Path) -> None:
    with running(file.parent, "--config", str(file)) as suite:
        file.write_text(text_of("second"))
        soon(suite, "second")
        said(suite, version(suite, "second").partition(".")[0])
    file.write_text(text_of("third"))
    with running(file.parent, "--config", str(file)) as suite:
        end = time.monotonic() + 8
        seen = {version(suite, "third")}
        while time.monotonic() < end:
            seen.add(version(suite, "third"))
            time.sleep(0.02)
        assert len(seen) == 1
        assert said(suite, seen.pop().partition(".")[0])


def test_without_a_document_there_is_nothing_to_follow(file: Path) -> None:
    with running(file.parent, "--config", str(file)) as suite:
        soon(suite, "first")
        said(suite, version(suite, "first").partition(".")[0])
    with running(file.parent) as suite:
        version(suite, "sim-small")
        end = time.monotonic() + SOON_S
        while (found := status(suite))["enabled"]:
            assert time.monotonic() < end, found
            time.sleep(0.1)
        assert found["message"]
        time.sleep(3)
        version(suite, "sim-small")
