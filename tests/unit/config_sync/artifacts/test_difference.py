"""How two artifacts differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from routeiq.clients.artifact_parts import Parts, read_folder
from routeiq.config_sync.artifacts.difference import MOST_CHANGES, difference
from tests.support.artifact_folders import FILES, write_folder


def parts(folder: Path, files: dict[str, bytes] = FILES, **said: Any) -> Parts:
    return read_folder(write_folder(folder, files, **said))


def test_the_same_has_no_changes(tmp_path: Path) -> None:
    one = parts(tmp_path / "a", seed=1)
    found = difference(one, one)
    assert (found.same, found.changes, found.files_changed) == (True, [], [])


def test_fields_are_named_by_their_path(tmp_path: Path) -> None:
    a = parts(tmp_path / "a", training={"seed": 1, "rows": 5}, domains=["x"], old=1)
    b = parts(tmp_path / "b", training={"seed": 2, "rows": 5}, domains=["x", "y"], new=None)
    found = [(one.path, one.a, one.b) for one in difference(a, b).changes]
    expected = [("training.seed", 1, 2), ("domains", ["x"], ["x", "y"]), ("old", 1, None), ("new", None, None)]
    assert sorted(found) == sorted(expected)


def test_candidates_are_compared_by_their_names(tmp_path: Path) -> None:
    small, large = {"name": "small", "mean_cost": 1.0}, {"name": "large", "mean_cost": 9.0}
    a = parts(tmp_path / "a", candidates=[small, large])
    b = parts(tmp_path / "b", candidates=[{**large, "mean_cost": 8.0}, {"name": "new"}])
    found = {one.path: (one.a, one.b) for one in difference(a, b).changes}
    assert found == {
        "candidates[small]": (small, None),
        "candidates[large].mean_cost": (9.0, 8.0),
        "candidates[new]": (None, {"name": "new"}),
    }


def test_files_are_told_by_name(tmp_path: Path) -> None:
    a = parts(tmp_path / "a", {"x": b"1", "y": b"2", "z": b"3"})
    b = parts(tmp_path / "b", {"x": b"1", "y": b"other", "w": b"4"})
    found = difference(a, b)
    assert (found.files_added, found.files_removed, found.files_changed) == (["w"], ["z"], ["y"])


def test_an_endless_list_of_changes_is_cut(tmp_path: Path) -> None:
    a = parts(tmp_path / "a", many={f"f{number}": 1 for number in range(MOST_CHANGES + 1)})
    b = parts(tmp_path / "b", many={f"f{number}": 2 for number in range(MOST_CHANGES + 1)})
    found = difference(a, b)
    assert (len(found.changes), found.truncated) == (MOST_CHANGES, True)
