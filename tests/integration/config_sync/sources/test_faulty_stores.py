"""Object stores that fail, in all the ways that there are: each costs one reading, for a time, and tells no secret.

S3 and GCS are read through the same code from the same server; what differs is how they ask."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from routeiq.config_sync.poller import Poller
from routeiq.config_sync.sources.document import DocumentSource
from routeiq.config_sync.sources.gcs import gcs_place
from routeiq.config_sync.sources.place import SourceFailed
from routeiq.config_sync.sources.s3 import s3_place
from tests.support import object_server as faults
from tests.support.object_server import ObjectServer, object_server
from tests.support.waiting import PATIENCE_S

KEY = "conf/c.yaml"
SECRET = "wJalrXUtnFEMI"
WAIT_S = 3.0


@pytest.fixture(autouse=True)
def access(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
        "AWS_SESSION_TOKEN": f"token-{SECRET}", "GOOGLE_SKIP_SIGNATURE": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.fixture
async def server() -> AsyncIterator[ObjectServer]:
    async with object_server() as running:
        running.put(KEY, "a: 1\n")
        yield running


@pytest.fixture(params=["s3", "gcs"])
def source(request: pytest.FixtureRequest, server: ObjectServer) -> DocumentSource:
    place = s3_place if request.param == "s3" else gcs_place
    return DocumentSource(place("bucket", KEY, endpoint=server.url, wait_s=WAIT_S), {}, timeout_s=WAIT_S)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.status(500, f"<Error>{SECRET}</Error>"), "the server answered 500"),
        (faults.status(503), "the server answered 503"),
        (faults.status(403, SECRET), "access is denied"),
        (faults.status(401, SECRET), "the credentials are not accepted"),
        (faults.status(404, SECRET), "is not there"),
        (faults.status(304), "the server answered 304"),
        (faults.status(400, SECRET), "the server answered 400"),
        (faults.hang, "did not answer within 3 s"),
        (faults.stall, "the server cannot be reached, or its answer is broken"),
        (faults.cut, "the server cannot be reached, or its answer is broken"),
        (faults.endless, "the server cannot be reached, or its answer is broken"),
        (faults.garbage, "the server cannot be reached, or its answer is broken"),
        (faults.claims(50 * 1024**2), "is larger than 4 MiB"),
        (faults.redirect(f"http://user:{SECRET}@127.0.0.1:1/x"), "the server cannot be reached"),
    ],
)
async def test_a_fault_is_a_failure_in_time_and_in_our_words(
    server: ObjectServer, source: DocumentSource, fault: faults.Fault, said: str
) -> None:
    server.faults["*"] = fault
    poller = Poller(source, _take, 60)
    begun = time.monotonic()
    with capture_logs() as logs, pytest.raises(SourceFailed) as failed:
        await poller.poll()
    assert time.monotonic() - begun < PATIENCE_S
    assert said in failed.value.public_message
    assert failed.value.public_message.startswith(source.name)
    assert SECRET not in f"{failed.value}{failed.value.__cause__}{logs}{poller.facts}"


async def test_after_a_fault_all_is_as_before(server: ObjectServer, source: DocumentSource) -> None:
    first = await source.fetch(None)
    assert first is not None
    for fault in (faults.status(500), faults.hang, faults.cut):
        server.faults["*"] = fault
        with pytest.raises(SourceFailed):
            await source.fetch(first.etag)
    server.faults.clear()
    assert await source.fetch(first.etag) is None
    server.put(KEY, "a: 2\n")
    second = await source.fetch(first.etag)
    assert second is not None
    assert second.bundle.files[KEY] == "a: 2\n"


async def test_a_fault_of_an_include_leaves_the_document_out(server: ObjectServer, source: DocumentSource) -> None:
    server.put(KEY, "include: [b.yaml]\n")
    server.put("conf/b.yaml", "b: 1\n")
    server.faults["conf/b.yaml"] = faults.status(500)
    with pytest.raises(SourceFailed, match=r"conf/b\.yaml: the server answered 500"):
        await source.fetch(None)


async def test_one_error_is_tried_again_at_once(server: ObjectServer, source: DocumentSource) -> None:
    async def once(writer: asyncio.StreamWriter) -> None:
        server.faults.clear()
        await faults.status(500)(writer)

    server.faults["*"] = once
    assert await source.fetch(None) is not None
    assert len(server.requests) == 2


async def test_what_has_not_changed_is_not_sent_again(server: ObjectServer, source: DocumentSource) -> None:
    server.put(KEY, "include: [b.yaml]\n")
    server.put("conf/b.yaml", "b: 1\n")
    first = await source.fetch(None)
    assert first is not None
    server.requests.clear()
    assert await source.fetch(first.etag) is None
    assert len(server.requests) == 2
    assert all("if-none-match: " in head for head in server.requests)
    server.requests.clear()
    assert await source.fetch(first.etag, force=True) is not None
    assert not any("if-none-match: " in head for head in server.requests)


async def test_a_checksum_in_the_metadata_must_fit(server: ObjectServer, source: DocumentSource) -> None:
    server.put(KEY, "a: 2\n", sha256=hashlib.sha256(b"a: 2\n").hexdigest().upper())
    assert await source.fetch(None) is not None
    server.put(KEY, "a: 3\n", sha256=hashlib.sha256(b"a: 2\n").hexdigest())
    with pytest.raises(SourceFailed, match="its content is not that of the checksum in its metadata"):
        await source.fetch(None)


async def test_credentials_go_to_no_other_host(server: ObjectServer) -> None:
    async with object_server() as other:
        other.put(KEY, "a: 9\n")
        server.faults["*"] = faults.redirect(f"{other.url}/bucket/{KEY}")
        source = DocumentSource(s3_place("bucket", KEY, endpoint=server.url, wait_s=WAIT_S), {})
        fetched = await source.fetch(None)
        assert fetched is not None
        assert "authorization: AWS4" in server.requests[0]
        assert "authorization" not in other.requests[0].lower()


async def test_the_version_in_gcs_is_the_generation(server: ObjectServer) -> None:
    source = DocumentSource(gcs_place("bucket", KEY, endpoint=server.url), {})
    fetched = await source.fetch(None)
    assert fetched is not None
    assert fetched.etag == str(server.stored(KEY).generation)


async def test_too_much_altogether_is_refused(server: ObjectServer, source: DocumentSource) -> None:
    names = [f"f{number}.yaml" for number in range(5)]
    server.put(KEY, f"include: [{', '.join(names)}]\n")
    for name in names:
        server.put(f"conf/{name}", b"#" * 4 * 1024**2)
    with pytest.raises(SourceFailed, match="with what goes with it: is larger than 16 MiB"):
        await source.fetch(None)


async def _take(_: object) -> None:
    return
