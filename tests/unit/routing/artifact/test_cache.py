"""The folder of fetched artifacts: each whole or not there, also after kill -9."""

import signal
import subprocess
import sys
import time

import pytest

from routeiq.clients.artifact_parts import Parts, PartsInvalid, read_folder
from routeiq.kit.errors import ConfigurationError
from routeiq.routing.artifact.cache import ArtifactCache
from tests.support.artifact_folders import FILES, write_folder

BIG = 8 * 1024 * 1024
WRITER = """
import sys
from pathlib import Path
from routeiq.clients.artifact_parts import read_folder
from routeiq.routing.artifact.cache import ArtifactCache
parts, cache = read_folder(Path(sys.argv[1])), ArtifactCache(Path(sys.argv[2]))
print("ready", flush=True)
while True:
    cache.put(parts)
"""


@pytest.fixture
def parts(tmp_path):
    return read_folder(write_folder(tmp_path / "artifact"))


@pytest.fixture
def cache(tmp_path):
    made = ArtifactCache(tmp_path / "cache")
    yield made
    made.close()


def names(tmp_path):
    return {one.name for one in (tmp_path / "cache").iterdir()} - {"lock"}


def test_what_is_put_is_found_whole(cache, parts):
    assert cache.path(parts.artifact_id) is None
    path = cache.put(parts)
    assert cache.path(parts.artifact_id) == path
    found = read_folder(path)
    assert (dict(found.files), found.manifest) == (FILES, parts.manifest)


def test_a_later_signature_takes_the_place(cache, parts):
    cache.put(parts)
    signed = Parts(parts.artifact_id, parts.manifest, parts.said, b"signed", parts.files)
    assert read_folder(cache.put(signed)).signature == b"signed"


def test_a_draft_is_found_by_nobody(cache, parts, tmp_path):
    draft = cache.write(parts)
    assert cache.path(parts.artifact_id) is None
    cache.remove(draft)
    assert names(tmp_path) == set()


def test_others_are_cleared_away(cache, parts, tmp_path):
    cache.put(parts)
    cache.keep_only({parts.artifact_id})
    assert names(tmp_path) == {parts.artifact_id}
    cache.keep_only(set())
    assert names(tmp_path) == set()


def test_a_name_of_a_file_and_a_folder_leaves_nothing(cache, parts, tmp_path):
    clash = Parts(parts.artifact_id, parts.manifest, {}, None, {"a": b"", "a/b": b""})
    with pytest.raises(PartsInvalid, match="of a file and of a folder"):
        cache.put(clash)
    assert names(tmp_path) == set()


def test_what_is_wanted_is_remembered(cache, parts, tmp_path):
    assert cache.wanted() == ""
    cache.remember(parts.artifact_id)
    assert cache.wanted() == parts.artifact_id
    for content in (b"../../etc", b"\xff\xff", b""):
        (tmp_path / "cache" / "wanted").write_bytes(content)
        assert cache.wanted() == ""


@pytest.mark.parametrize("name", ["", "..", "/", "lock", "../artifact", "A" * 64])
def test_what_is_no_id_is_not_looked_for(cache, name):
    assert cache.path(name) is None


def test_one_process_at_a_time(cache, tmp_path):
    with pytest.raises(ConfigurationError, match="in use by another process"):
        ArtifactCache(tmp_path / "cache")
    cache.close()
    ArtifactCache(tmp_path / "cache").close()


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        ArtifactCache(tmp_path / "file" / "cache")


def test_a_kill_at_any_moment_leaves_nothing_half(tmp_path):
    """Each round kills a process that writes, and begins where it left."""
    wanted = write_folder(tmp_path / "artifact", {f"{name}.bin": name.encode() * BIG for name in "abc"})
    for pause_s in (0.0, 0.005, 0.02, 0.05):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(wanted), str(tmp_path / "cache")], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        while not any(name.startswith(".draft") for name in names(tmp_path)):
            time.sleep(0.001)
        time.sleep(pause_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        cache = ArtifactCache(tmp_path / "cache")
        found = names(tmp_path)
        assert not any(name.startswith(".draft") for name in found)
        for name in found:
            assert read_folder(tmp_path / "cache" / name).artifact_id == name
        cache.close()
