"""A document in a file: what is noticed, what is waited for, what is refused."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from routeiq.config.files import MAX_BYTES
from routeiq.config_sync.sources.document import DocumentSource, Fetched
from routeiq.config_sync.sources.file import FilePlace
from routeiq.config_sync.sources.place import Content, SourceFailed
from routeiq.kit.errors import ConfigurationError
from tests.support.waiting import PATIENCE_S


def source(path: Path) -> DocumentSource:
    place = FilePlace(path)
    return DocumentSource(place, {}, folder=place.folder, timeout_s=PATIENCE_S)


def write(path: Path, text: str, age_s: float = 60) -> Path:
    path.write_text(text)
    at = time.time() - age_s
    os.utime(path, (at, at))
    return path


async def etag(read: DocumentSource) -> str:
    fetched = await read.fetch(None)
    assert fetched is not None
    return fetched.etag


async def test_a_file_is_read_if_it_has_changed(tmp_path: Path) -> None:
    main = write(tmp_path / "c.yaml", "a: 1\n")
    read = source(main)
    first = await read.fetch(None)
    assert isinstance(first, Fetched)
    assert (first.bundle.main, dict(first.bundle.files), first.folder) == (str(main), {str(main): "a: 1\n"}, tmp_path)
    assert await read.fetch(first.etag) is None
    write(main, "a: 2\n", age_s=50)
    second = await read.fetch(first.etag)
    assert second is not None
    assert second.bundle.files[str(main)] == "a: 2\n"


async def test_a_new_time_alone_is_no_change(tmp_path: Path) -> None:
    main = write(tmp_path / "c.yaml", "a: 1\n")
    read = source(main)
    known = await etag(read)
    write(main, "a: 1\n", age_s=10)
    assert await read.fetch(known) is None
    assert await source(main).fetch(known) is None, "another process says the same of the same content"


async def test_what_is_included_counts(tmp_path: Path) -> None:
    main = write(tmp_path / "c.yaml", "include: [b.yaml]\n")
    included = write(tmp_path / "b.yaml", "a: 1\n")
    read = source(main)
    known = await etag(read)
    write(included, "a: 2\n", age_s=50)
    second = await read.fetch(known)
    assert second is not None
    assert second.bundle.files[str(included)] == "a: 2\n"
    assert second.etag.split("+")[0] == known.split("+")[0]


async def test_what_is_no_longer_included_does_not_count(tmp_path: Path) -> None:
    main = write(tmp_path / "c.yaml", "include: [b.yaml]\n")
    included = write(tmp_path / "b.yaml", "a: 1\n")
    read = source(main)
    await read.fetch(None)
    write(main, "a: 1\n", age_s=50)
    known = await etag(read)
    assert "+" not in known
    included.unlink()
    assert await read.fetch(known) is None


async def test_force_reads_whatever_is_known(tmp_path: Path) -> None:
    read = source(write(tmp_path / "c.yaml", "a: 1\n"))
    assert await read.fetch(await etag(read), force=True) is not None


@pytest.mark.parametrize("age_s", [0.0, -3600.0])
async def test_a_file_of_just_now_or_of_the_future_is_read(tmp_path: Path, age_s: float) -> None:
    assert await source(write(tmp_path / "c.yaml", "a: 1\n", age_s)).fetch(None) is not None


async def test_a_file_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    """It is cut down first, as by an editor or `>`; half of it is never taken."""
    main = write(tmp_path / "c.yaml", "a: 1\n")
    read = source(main)
    known = await etag(read)
    with main.open("w") as stream:
        reading = asyncio.create_task(read.fetch(known))
        for number in range(4):
            await asyncio.sleep(0.08)
            stream.write(f"k{number}: 1\n")
            stream.flush()
    fetched = await reading
    assert fetched is not None
    assert fetched.bundle.files[str(main)] == "k0: 1\nk1: 1\nk2: 1\nk3: 1\n"


async def test_a_file_that_never_rests_is_refused(tmp_path: Path) -> None:
    main, over = tmp_path / "c.yaml", asyncio.Event()
    main.write_text("a")

    async def scribble() -> None:
        while not over.is_set():
            with main.open("a") as stream:
                stream.write("a")
            await asyncio.sleep(0.02)

    writing = asyncio.create_task(scribble())
    with pytest.raises(SourceFailed, match=r"c\.yaml: is being written to"):
        await source(main).fetch(None)
    over.set()
    await writing


async def test_a_mounted_configmap_that_is_switched_is_seen(tmp_path: Path) -> None:
    """As the kubelet does: a new folder, and one link that is put over the old one."""
    for state in ("1", "2"):
        (tmp_path / f"..{state}").mkdir()
        write(tmp_path / f"..{state}" / "c.yaml", f"a: {state}\ninclude: [b.yaml]\n")
        write(tmp_path / f"..{state}" / "b.yaml", f"b: {state}\n")
    (tmp_path / "..data").symlink_to("..1")
    for name in ("c.yaml", "b.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    read = source(tmp_path / "c.yaml")
    known = await etag(read)
    changed = asyncio.create_task(read.changed())
    await asyncio.sleep(0.1)
    assert not changed.done()
    (tmp_path / "..tmp").symlink_to("..2")
    (tmp_path / "..tmp").rename(tmp_path / "..data")
    await asyncio.wait_for(changed, PATIENCE_S)
    fetched = await read.fetch(known)
    assert fetched is not None
    assert sorted(text[:4] for text in fetched.bundle.files.values()) == ["a: 2", "b: 2"]


class Switched(FilePlace):
    """Whose folder is switched after the first file was read."""

    async def read(self, name: str, known: Content | None, limit: int) -> Content | None:
        found = await super().read(name, known, limit)
        if name == self.main:
            write(self.path.with_name("b.yaml"), "b: 2\n", age_s=30)
            write(self.path, "include: [b.yaml]\na: 2\n", age_s=30)
        return found


async def test_what_was_switched_amid_a_reading_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path / "b.yaml", "b: 1\n")
    main = write(tmp_path / "c.yaml", "include: [b.yaml]\na: 1\n")
    with pytest.raises(SourceFailed, match=r"c\.yaml: was changed while it was read"):
        await DocumentSource(Switched(main), {}).fetch(None)


async def test_a_file_that_comes_and_goes_is_seen(tmp_path: Path) -> None:
    main = tmp_path / "c.yaml"
    read = source(main)
    with pytest.raises(SourceFailed, match=r"c\.yaml: is not there"):
        await read.fetch(None)
    changed = asyncio.create_task(read.changed())
    write(main, "include: [b.yaml]\n")
    await asyncio.wait_for(changed, PATIENCE_S)
    with pytest.raises(ConfigurationError, match=r"c\.yaml:1: include\[0\]: .*b\.yaml: is not there"):
        await read.fetch(None)
    changed = asyncio.create_task(read.changed())
    write(tmp_path / "b.yaml", "a: 1\n")
    await asyncio.wait_for(changed, PATIENCE_S)
    assert await read.fetch(None) is not None


@pytest.mark.parametrize("data", [b"x" * (MAX_BYTES + 1), b"a: \xff\n"])
async def test_what_is_no_document_is_refused_and_the_last_one_stays(tmp_path: Path, data: bytes) -> None:
    main = write(tmp_path / "c.yaml", "a: 1\n")
    read = source(main)
    known = await etag(read)
    main.write_bytes(data)
    for _ in range(2):
        with pytest.raises((SourceFailed, ConfigurationError), match=r"c\.yaml(:1)?: is (larger than 4 MiB|not UTF-8)"):
            await read.fetch(known)
    write(main, "a: 1\n")
    assert await read.fetch(known) is None


async def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.yaml")
    with pytest.raises(SourceFailed, match=r"not a regular file"):
        await source(tmp_path / "c.yaml").fetch(None)
