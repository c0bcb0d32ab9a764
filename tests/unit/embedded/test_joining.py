"""How a suite follows its own config-sync: after it has read the document, and not at all where there is none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from routeiq.embedded.topology import Options, joining


def options(document: Path | None = None) -> Options:
    return Options(Path("data"), "127.0.0.1", 0, document=document)


async def test_what_was_wanted_before_waits_until_the_document_is_read() -> None:
    read = asyncio.Event()
    joined = joining(options(Path("config.yaml")), read)
    following = asyncio.create_task(joined.after())
    await asyncio.sleep(0.01)
    assert (joined.documents, following.done()) == (True, False)
    read.set()
    await following


@pytest.mark.parametrize("environ", [{}, {"CONFIG_SYNC_ENABLED": "false", "LITELLM_CONFIG_PATH": "config.yaml"}])
async def test_where_nothing_is_read_what_it_started_with_stays(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    joined = joining(options(), asyncio.Event())
    assert not joined.documents
    await joined.after()


async def test_a_bucket_is_a_document_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIG_S3_BUCKET", "bucket")
    monkeypatch.setenv("CONFIG_S3_KEY", "config.yaml")
    assert joining(options(), asyncio.Event()).documents
