"""No merge was committed half done: texts, which nothing else reads, included."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("deploy", "docs", "examples", "protos", "requirements", "services", "tests", "tools")
MARKS = ("<" * 7 + " ", ">" * 7 + " ")


def test_no_file_has_a_mark_of_a_conflict() -> None:
    files = [
        *ROOT.glob("*.md"),
        *(file for name in FOLDERS for file in ROOT.joinpath(name).rglob("*") if file.is_file()),
    ]
    assert [file for file in files if _has_a_mark(file)] == []


def _has_a_mark(file: Path) -> bool:
    try:
        return any(line.startswith(MARKS) for line in file.read_text().splitlines())
    except UnicodeDecodeError:
        return False
