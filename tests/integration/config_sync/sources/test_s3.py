"""A document in S3, on a real server (moto's)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routeiq.config.files import MAX_BYTES
from routeiq.config_sync.sources.archives import Endpoints, fetch_archive
from routeiq.config_sync.sources.document import DocumentSource, Fetched
from routeiq.config_sync.sources.place import SourceFailed
from routeiq.config_sync.sources.s3 import s3_place
from routeiq.kit.errors import ConfigurationError
from tests.support.servers.s3 import ACCESS, S3

KEY = "conf/routeiq main.yaml"


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3() as running:
        running.bucket("fleet")
        yield running


@pytest.fixture(autouse=True)
def access(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACCESS.items():
        monkeypatch.setenv(name, value)


def source(server: S3, key: str = KEY, bucket: str = "fleet") -> DocumentSource:
    return DocumentSource(s3_place(bucket, key, endpoint=server.url), {})


async def fetched(read: DocumentSource, known: str | None = None) -> Fetched:
    found = await read.fetch(known)
    assert found is not None
    return found


async def test_a_document_is_read_if_it_has_changed(server: S3) -> None:
    server.put("fleet", KEY, "a: 1\n")
    read = source(server)
    first = await fetched(read)
    assert (first.bundle.main, dict(first.bundle.files), first.folder) == (KEY, {KEY: "a: 1\n"}, None)
    assert first.etag.startswith('"'), "the object's own, as people know it"
    assert await read.fetch(first.etag) is None
    assert await source(server).fetch(first.etag) is None, "another process asks with the etag that it was told"
    server.put("fleet", KEY, "a: 2\n")
    assert (await fetched(read, first.etag)).bundle.files[KEY] == "a: 2\n"


async def test_an_include_that_changes_alone_is_noticed(server: S3) -> None:
    server.put("fleet", KEY, "include: [sub/b.yaml, ../common/c.yaml]\n")
    server.put("fleet", "conf/sub/b.yaml", "b: 1\n")
    server.put("fleet", "common/c.yaml", "c: 1\n")
    read = source(server)
    first = await fetched(read)
    assert sorted(first.bundle.files) == ["common/c.yaml", KEY, "conf/sub/b.yaml"]
    assert await read.fetch(first.etag) is None
    server.put("fleet", "common/c.yaml", "c: 2\n")
    second = await fetched(read, first.etag)
    assert second.bundle.files["common/c.yaml"] == "c: 2\n"
    assert await read.fetch(second.etag) is None


async def test_data_that_comes_later_is_noticed(server: S3) -> None:
    server.put("fleet", KEY, "router_settings: {routing_strategy_args: {llm_data_path: data.json}}\n")
    read = source(server)
    first = await fetched(read)
    assert "conf/data.json" not in first.bundle.files
    server.put("fleet", "conf/data.json", "{}")
    assert (await fetched(read, first.etag)).bundle.files["conf/data.json"] == "{}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.yaml", "conf/none.yaml: is not there"),
        ("../../x.yaml", "../x.yaml: is outside of the bucket"),
        ("/etc/passwd", "/etc/passwd: is an absolute path, which means nothing in a bucket"),
    ],
)
async def test_an_include_that_cannot_be_had_is_named(server: S3, name: str, said: str) -> None:
    server.put("fleet", KEY, f"\ninclude: [{name}]\n")
    with pytest.raises(ConfigurationError) as refused:
        await source(server).fetch(None)
    assert refused.value.problems == [f"{KEY}:2: include[0]: {said}"]


async def test_a_large_object_is_refused_before_it_is_read(server: S3) -> None:
    server.put("fleet", "large.yaml", b"#" * 50 * 1024**2)
    with pytest.raises(SourceFailed) as refused:
        await source(server, "large.yaml").fetch(None)
    assert refused.value.public_message == f"s3://fleet/large.yaml: is larger than {MAX_BYTES // 1024**2} MiB"


@pytest.mark.parametrize(("bucket", "key"), [("fleet", "none.yaml"), ("nobodys", "c.yaml")])
async def test_what_is_not_there_is_a_failure(server: S3, bucket: str, key: str) -> None:
    with pytest.raises(SourceFailed, match=f"s3://{bucket}/{key}: is not there"):
        await source(server, key, bucket).fetch(None)


async def test_an_object_that_is_deleted_and_comes_back(server: S3) -> None:
    server.put("fleet", KEY, "a: 1\n")
    read = source(server)
    known = (await fetched(read)).etag
    server.delete("fleet", KEY)
    with pytest.raises(SourceFailed):
        await read.fetch(known)
    server.put("fleet", KEY, "a: 1\n")
    assert await read.fetch(known) is None


async def test_an_archive_is_fetched_whole_or_not_at_all(server: S3) -> None:
    data, places = bytes(range(256)) * 4096 * 20, Endpoints(s3=server.url)
    server.put("fleet", "router.tar", data)
    assert await fetch_archive("s3://fleet/router.tar", places) == data
    with pytest.raises(SourceFailed, match=r"s3://fleet/router\.tar: is larger than 1 MiB"):
        await fetch_archive("s3://fleet/router.tar", places, limit=1024**2)
    with pytest.raises(SourceFailed, match=r"s3://fleet/none\.tar: is not there"):
        await fetch_archive("s3://fleet/none.tar", places)


async def test_a_server_that_is_away_is_a_failure(server: S3) -> None:
    with S3() as own:
        own.bucket("fleet")
        own.put("fleet", KEY, "a: 1\n")
        read = source(own)
        known = (await fetched(read)).etag
        own.kill()
        with pytest.raises(SourceFailed, match="the server cannot be reached"):
            await read.fetch(known)
        own.start()
        own.bucket("fleet")
        own.put("fleet", KEY, "a: 2\n")
        assert (await fetched(read, known)).bundle.files[KEY] == "a: 2\n"
