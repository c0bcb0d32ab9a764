"""Which build of the programs is the right one, images of them, and what else is decided without a machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from tools.cluster import diagnosis, images, programs
from tools.cluster.lifecycle import mounts_below
from tools.cluster.steps import Steps


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return Path(shutil.copytree(programs.MODULE, tmp_path / "go"))


def test_the_same_sources_are_the_same_build(module: Path) -> None:
    assert programs.fingerprint("go1", module) == programs.fingerprint("go1", programs.MODULE)


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "cmd/rqkube/main.go"])
def test_a_change_of_any_file_is_another_build(module: Path, file: str) -> None:
    before = programs.fingerprint("go1", module)
    (module / file).write_text((module / file).read_text() + "\n")
    assert programs.fingerprint("go1", module) != before


def test_another_compiler_is_another_build(module: Path) -> None:
    assert programs.fingerprint("go1", module) != programs.fingerprint("go2", module)


def test_the_version_is_linked_in_as_the_module_pins_it() -> None:
    version = programs.kubernetes_version()
    assert version.startswith("v1.36.")
    assert f"gitVersion={version} " in programs.link_flags(version)
    assert "gitMinor=36 " in programs.link_flags(version)


def test_every_library_of_kubernetes_is_of_its_release() -> None:
    """A requirement of somebody else may not pull one of them forward."""
    wanted = programs.kubernetes_version().replace("v1.", "v0.")
    lines = [line.split() for line in (programs.MODULE / "go.mod").read_text().splitlines() if " => k8s.io/" in line]
    assert len(lines) > 20
    assert {line[-1] for line in lines} == {wanted}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "pause").write_bytes(b"\x7fELF")
    images.write(tmp_path / "pause.tar", "localhost/cluster-pause:1", tmp_path / "pause")
    return tmp_path / "pause.tar"


def content(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        found = tar.extractfile(name)
        assert found is not None
        return found.read()


def test_an_image_is_one_executable_run_by_nobody(archive: Path, tmp_path: Path) -> None:
    (manifest,) = json.loads(content(archive, "manifest.json"))
    assert manifest["RepoTags"] == ["localhost/cluster-pause:1"]
    assert json.loads(content(archive, manifest["Config"]))["config"] == {
        "User": "65532:65532",
        "Entrypoint": ["/pause"],
    }
    (tmp_path / "layer.tar").write_bytes(content(archive, manifest["Layers"][0]))
    with tarfile.open(tmp_path / "layer.tar") as layer:
        assert [(entry.name, oct(entry.mode)) for entry in layer] == [("pause", "0o755"), ("tmp", "0o1777")]


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("riscv64",) * 2])
def test_an_image_is_for_this_machine(
    machine: str, architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    (tmp_path / "pause").write_bytes(b"\x7fELF")
    images.write(tmp_path / "own.tar", "localhost/cluster-pause:1", tmp_path / "pause")
    (manifest,) = json.loads(content(tmp_path / "own.tar", "manifest.json"))
    assert json.loads(content(tmp_path / "own.tar", manifest["Config"]))["architecture"] == architecture


def test_an_images_layer_is_named_by_what_is_in_it(archive: Path) -> None:
    (manifest,) = json.loads(content(archive, "manifest.json"))
    digest = hashlib.sha256(content(archive, manifest["Layers"][0])).hexdigest()
    assert json.loads(content(archive, manifest["Config"]))["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert manifest["Layers"] == [f"{digest}/layer.tar"]


def test_the_same_program_is_the_same_image(archive: Path, tmp_path: Path) -> None:
    images.write(tmp_path / "again.tar", "localhost/cluster-pause:1", tmp_path / "pause")
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()


def test_mounts_come_off_from_the_innermost_and_only_below_the_folder() -> None:
    lines = ["1 0 0:1 / /", "2 1 0:2 / /state/a", "3 2 0:3 / /state/a/b\\040c", "4 1 0:4 / /stateless/x"]
    found = mounts_below(Path("/state"), "\n".join(f"{line} rw - tmpfs tmpfs rw" for line in lines))
    assert found == ["/state/a/b c", "/state/a"]


def test_a_step_that_fails_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps()
    with pytest.raises(OSError, match="no"), steps.step("etcd"):
        raise OSError("no")
    assert "FAILED" in capsys.readouterr().out
    assert [line.split()[0] for line in steps.table().splitlines() if line] == ["etcd", "all"]


def test_what_is_ready_or_has_ended_well_is_not_reported() -> None:
    def pod(name: str, phase: str, ready: str) -> dict[str, object]:
        return {"name": name, "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]}}

    pods = [pod("serves", "Running", "True"), pod("migrated", "Succeeded", "False"), pod("starts", "Running", "False")]
    assert [found["name"] for found in diagnosis.unwell(pods)] == ["starts"]
