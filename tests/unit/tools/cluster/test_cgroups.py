"""Cgroups of both versions, as folders of files; the kernel's part is tried by the cluster itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.cluster import cgroups
from tools.cluster.errors import ClusterError


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    for name in ("cpuset", "memory", "pids", "unified"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1")
    (tmp_path / "cpuset" / "cpuset.mems").write_text("0")
    (tmp_path / "cpuacct").symlink_to(tmp_path / "memory")
    return tmp_path


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpu memory")
    return tmp_path


def test_version_1_has_a_tree_for_each_controller_and_programs_are_kept_in_one(version_1: Path) -> None:
    assert [top.name for top in cgroups.trees(version_1)] == ["pids", "cpuset", "memory", "unified"]


def test_version_2_is_one_tree(version_2: Path) -> None:
    assert cgroups.trees(version_2) == [version_2]


def test_without_cgroups_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="kubelet"):
        cgroups.trees(tmp_path)


def test_they_are_made_in_every_tree(version_1: Path) -> None:
    cgroups.create("routeiq", version_1)
    made = sorted(path.name for path in version_1.glob("*/routeiq") if not path.parent.is_symlink())
    assert made == ["routeiq"] * 4
    assert (version_1 / "pids" / "routeiq" / cgroups.PROGRAMS).is_dir()


def test_a_program_joins_the_clusters(version_2: Path) -> None:
    cgroups.create("routeiq", version_2)
    cgroups.join("routeiq", 17, version_2)
    assert cgroups.members("routeiq", version_2) == {17}


def test_members_are_those_of_the_pods_too(version_1: Path) -> None:
    for name, pids in (("programs", "3\n4\n"), ("kubepods/pod1/container", "9\n")):
        folder = version_1 / "pids" / "routeiq" / name
        folder.mkdir(parents=True)
        (folder / "cgroup.procs").write_text(pids)
    assert cgroups.members("routeiq", version_1) == {3, 4, 9}


def test_where_there_is_no_cluster_nobody_is_a_member(version_1: Path) -> None:
    assert cgroups.members("routeiq", version_1) == set()
    cgroups.kill("routeiq", version_1)


def test_removal_goes_from_the_innermost(version_1: Path) -> None:
    (version_1 / "pids" / "routeiq" / "kubepods" / "pod1").mkdir(parents=True)
    cgroups.remove("routeiq", version_1)
    cgroups.remove("routeiq", version_1)
    assert list(version_1.glob("*/routeiq")) == []
