"""What `make images` decides by itself: which engine, what is made anew, what may be compiled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.images import compiled, engine, locks, making, services, staging, wheels
from tools.images.engine import Engine, EngineMissing

# Says how it was called, and answers `images` with a digest.
PROGRAM = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case $1 in
    info) exit {info} ;;
    images) cat "$(dirname "$0")/digest" ;;
    save) shift; [ "$1" = --output ] && echo archive > "$2" ;;
esac
"""


def program(folder: Path, name: str, info: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(PROGRAM.format(info=info))
    (folder / name).chmod(0o755)
    (folder / "digest").write_text("sha256:a\n")
    return folder / name


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


@pytest.fixture(name="only")
def only_these_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "dirname", "cat"):
        (folder / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_first_engine_that_is_here_is_taken(only: Path) -> None:
    program(only, "docker")
    program(only, "podman")
    assert engine.find().name == "podman"


def test_docker_without_its_daemon_is_none(only: Path) -> None:
    program(only, "docker", info=1)
    with pytest.raises(EngineMissing, match="apt-get install buildah"):
        engine.find()


def test_engine_that_is_asked_for_keeps_its_options() -> None:
    found = engine.find("/opt/buildah --root '/a folder'")
    assert (found.name, found.command) == ("buildah", ("/opt/buildah", "--root", "/a folder"))


def test_build_passes_arguments_and_context(tmp_path: Path) -> None:
    found = Engine((str(program(tmp_path, "podman")),))
    found.build("localhost/x:1", Path("D"), Path("context"), {"SERVICE": "gateway", "TITLE": ""})
    expected = "--file D --tag localhost/x:1 --build-arg SERVICE=gateway --build-arg TITLE= context"
    assert calls(tmp_path) == [f"build --quiet --layers {expected}"]


def test_archive_is_written_again_only_for_another_image(tmp_path: Path) -> None:
    found, archive = Engine((str(program(tmp_path, "docker")),)), tmp_path / "out" / "x.tar"
    for digest in ("sha256:a", "sha256:a", "sha256:b"):
        (tmp_path / "digest").write_text(digest)
        found.save("localhost/x:1", archive)
    assert archive.read_text() == "archive\n"
    assert len([one for one in calls(tmp_path) if one.startswith("save")]) == 2


class TestLayer:
    """A folder that is made once for what it is made of."""

    def made(self, folder: Path, made_of: list[str], content: str) -> str:
        def fill(draft: Path) -> None:
            (draft / "file").write_text(content)

        staging.layer(folder, made_of, fill)
        return (folder / "file").read_text()

    def test_is_kept_while_it_is_made_of_the_same(self, tmp_path: Path) -> None:
        assert self.made(tmp_path / "layer", ["a", "b"], "first") == "first"
        assert self.made(tmp_path / "layer", ["a", "b"], "second") == "first"
        assert self.made(tmp_path / "layer", ["ab"], "third") == "third"

    def test_that_could_not_be_made_is_not_there(self, tmp_path: Path) -> None:
        def fail(draft: Path) -> None:
            (draft / "half").touch()
            raise RuntimeError

        with pytest.raises(RuntimeError):
            staging.layer(tmp_path / "layer", ["a"], fail)
        assert not (tmp_path / "layer").exists()
        assert self.made(tmp_path / "layer", ["a"], "whole") == "whole"

    def test_is_readable_for_everyone(self, tmp_path: Path) -> None:
        self.made(tmp_path / "layer", ["a"], "text")
        assert (tmp_path / "layer").stat().st_mode & 0o777 == 0o755
        assert (tmp_path / "layer" / "file").stat().st_mode & 0o777 == 0o644


def test_newest_glibc_that_a_library_asks_for(tmp_path: Path) -> None:
    (tmp_path / "one.so").write_bytes(b"\x00GLIBC_2.4\x00GLIBC_2.38\x00GLIBC_2.17\x00")
    (tmp_path / "none.so").write_bytes(b"\x7fELF")
    assert compiled.wanted_glibc(tmp_path / "one.so") == 38
    assert compiled.wanted_glibc(tmp_path / "none.so") == 0


def test_names_of_images() -> None:
    plain = making.Request("registry.example/team", "1.2", services.BASE)
    variant = making.Request("registry.example/team", "1.2", services.BASE, litellm=True)
    gateway, routing = services.ALL["gateway"], services.ALL["routing"]
    assert plain.name(gateway) == "registry.example/team/routeiq-gateway:1.2"
    assert variant.name(gateway) == "registry.example/team/routeiq-gateway:1.2-litellm"
    assert variant.name(routing) == "registry.example/team/routeiq-routing:1.2"


def test_python_of_the_image_is_one_that_the_package_takes() -> None:
    assert f'requires-python = ">={wheels.PYTHON}"' in (locks.ROOT / "pyproject.toml").read_text()


def test_an_image_whose_source_changes_is_not_compiled() -> None:
    gateway = services.ALL["gateway"]
    usual = making.Request("localhost", "test", services.BASE)
    plain = making.Request("localhost", "test", services.BASE, plain=True)
    assert usual.wanted(gateway).compiled
    assert not plain.wanted(gateway).compiled
    assert usual.name(gateway) == plain.name(gateway)
