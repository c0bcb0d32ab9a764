"""Which lines of the hash-locked requirements one image needs.

`requirements/core.lock` covers all services at once. An image gets the closure of its own requirements in it: the very
versions that the tests ran with, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?==")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class LockError(Exception):
    """A requirement has no line in the lock: `make lock` was forgotten."""


@dataclass(frozen=True)
class Pinned:
    """One distribution of a lock."""

    name: str
    text: str
    """Its lines with version, marker and hashes: one for each range of Pythons that has a version of its own."""
    wanted_by: frozenset[str]
    """The distributions that require it, as the lock's own `# via` comments name them."""

    def beside(self, other: Pinned) -> Pinned:
        """With another one's lines, too."""
        return Pinned(self.name, f"{self.text}\n{other.text}", self.wanted_by | other.wanted_by)


def parse(lock: str) -> dict[str, Pinned]:
    """By normalised name."""
    found: dict[str, Pinned] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock.strip()):
        start = _PINNED.match(block)
        if start is None:
            raise LockError(f"not a pinned requirement: {block.splitlines()[0]}")
        lines = block.splitlines()
        comments = [line.strip().lstrip("#").strip() for line in lines if line.lstrip().startswith("#")]
        text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
        name = normalise(start["name"])
        one = Pinned(name, text, frozenset(_wanted_by(comments)))
        found[name] = found[name].beside(one) if name in found else one
    return found


def _wanted_by(comments: Iterable[str]) -> Iterable[str]:
    """Lines `via NAME`, or `via` and then `NAME` each; `-c FILE` and `NAME (FILE)` are no distributions."""
    for comment in comments:
        name = comment.removeprefix("via").strip() if comment.split()[:1] == ["via"] else comment
        if name and not name.startswith("-") and "(" not in name:
            yield normalise(name)


def closure(lock: dict[str, Pinned], roots: Iterable[str]) -> list[Pinned]:
    """The roots and all that they require, in the order of the lock. Raises: LockError."""
    wanted = {normalise(root) for root in roots}
    missing = sorted(wanted - lock.keys())
    if missing:
        raise LockError(f"not in the lock: {', '.join(missing)}; run `make lock`")
    size = -1
    while size != len(wanted):
        size = len(wanted)
        wanted |= {one.name for one in lock.values() if one.wanted_by & wanted}
    return [one for one in lock.values() if one.name in wanted]


def text(pinned: Iterable[Pinned]) -> str:
    """What pip and uv read with --require-hashes."""
    return "".join(f"{one.text}\n" for one in pinned)


def read(*names: str) -> dict[str, Pinned]:
    """Some of `requirements/NAME.lock` together. They were resolved together, so no two differ."""
    found: dict[str, Pinned] = {}
    for name in names:
        for key, one in parse((REQUIREMENTS / f"{name}.lock").read_text()).items():
            known = found.get(key, one)
            found[key] = Pinned(key, known.text, known.wanted_by | one.wanted_by)
    return found


def requirements(extra: str | None = None) -> list[str]:
    """Names that pyproject.toml requires: for everything (None), or for one extra alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines: list[str] = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return [match[0] for line in lines if (match := _NAME.match(line))]


def normalise(name: str) -> str:
    """PEP 503's."""
    return re.sub(r"[-_.]+", "-", name).lower()
