"""`include: [file, ...]`: other files' sections beside the document's own, each problem with the file that it is in.

Lists are joined, mappings too; a key that two files give is an error, because one of them would count for nothing.
(LiteLLM takes the included file's whole section then.) A path is relative to the file that names it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from routeiq.config.document_files import DocumentFiles
from routeiq.config.problems import Location, Origin, Problems
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.yaml_tree import parse
from routeiq.kit.errors import ConfigurationError

KEY = "include"
MOST_FILES = 100


def with_included(data: JSONObject, problems: Problems, reader: DocumentFiles | None) -> JSONObject:
    """The document with what it includes, `include` itself left out.

    Args: problems: of the document; `problems.file` is its name there. reader: where the files are; None: the
    document was no file, and can include nothing."""
    if KEY not in data:
        return data
    joined: JSONObject = {name: _copy(value) for name, value in data.items() if name != KEY}
    named = names(data[KEY], (KEY,), problems)
    if reader is None:
        for at, _ in named:
            problems.error(at, "only a document that is a file can include others")
        return joined
    files = _Files(problems, reader, [reader.identity(problems.file)])
    for at, name in named:
        _add(joined, files.part(reader.beside(problems.file, name), at, problems), problems)
    return joined


def _copy(value: JSONValue) -> JSONValue:
    """One level deep: what is joined must not change what was parsed."""
    return dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value


def names(given: JSONValue, at: Location, problems: Problems) -> Iterator[tuple[Location, str]]:
    """What an `include` names, and where; what it cannot mean goes to `problems`."""
    if given is None:
        return
    if not isinstance(given, list):
        problems.error(at, "must be a list of files")
        return
    for position, name in enumerate(given):
        if isinstance(name, str) and name:
            yield (*at, position), name
        else:
            problems.error((*at, position), "must be the name of a file")


@dataclass(slots=True)
class _Part:
    """An included file with what it includes itself: (location there, where it was written, value) of each item."""

    items: list[tuple[Location, Origin, JSONValue]]
    file: str


@dataclass(slots=True)
class _Files:
    """`read`: every file so far, in order; none is read twice, so that there are no rings."""

    problems: Problems
    reader: DocumentFiles
    read: list[Hashable]

    def part(self, path: str, at: Location, said: Problems) -> _Part:
        """Args: at: where it is named, in the file that `said` is of."""
        part = _Part([], path)
        identity = self.reader.identity(path)
        if identity in self.read:
            said.error(at, f"{path} is included twice")
        elif len(self.read) > MOST_FILES:
            said.error(at, f"{path} is one file too many; {MOST_FILES} may be included")
        else:
            self.read.append(identity)
            self._read(path, at, said, part)
        return part

    def _read(self, path: str, at: Location, said: Problems, part: _Part) -> None:
        try:
            text = self.reader.read(path)
        except ConfigurationError as unreadable:
            said.error(at, unreadable.problems[0])
            return
        own = Problems(path)
        data = parse(text, own)
        self.problems.take(own)
        if isinstance(data, dict):
            part.items += _items(data, own)
            self._deeper(data, own, path, part)
        elif not own.errors and data is not None:
            said.error(at, f"{path} must be a mapping with sections such as `model_list:`")

    def _deeper(self, data: JSONObject, own: Problems, path: str, part: _Part) -> None:
        if KEY not in data:
            return
        inside = Problems(own.file, own.lines)
        for at, name in names(data[KEY], (KEY,), inside):
            part.items += self.part(self.reader.beside(path, name), at, inside).items
        self.problems.take(inside)


def _items(data: JSONObject, own: Problems) -> Iterator[tuple[Location, Origin, JSONValue]]:
    """Each entry of a list, each key of a mapping, else the whole value."""
    for name, value in data.items():
        if name == KEY or value is None:
            continue
        inner = list(enumerate(value)) if isinstance(value, list) else None
        if isinstance(value, dict):
            for key, one in value.items():
                yield (name, key), Origin(own.file, (name, key), own.lines), one
        elif inner is not None:
            for position, one in inner:
                yield (name, position), Origin(own.file, (name, position), own.lines), one
        if not isinstance(value, dict | list) or not value:
            yield (name,), Origin(own.file, (name,), own.lines), value


def _add(joined: JSONObject, part: _Part, problems: Problems) -> None:
    for at, origin, value in part.items:
        section = str(at[0])
        if len(at) == 1:
            _set(joined, section, value, (section,), origin, problems)
        elif isinstance(at[1], int):
            _append(joined, section, value, origin, problems)
        else:
            _put(joined, section, at[1], value, origin, problems)


def _set(target: JSONObject, name: str, value: JSONValue, at: Location, origin: Origin, problems: Problems) -> None:
    if target.get(name) is None:
        target[name] = _copy(value)
        problems.origins[at] = origin
    elif value not in ([], {}):
        _twice(origin, at, problems)


def _append(joined: JSONObject, section: str, value: JSONValue, origin: Origin, problems: Problems) -> None:
    if joined.get(section) is None:
        joined[section] = []
    entries = joined[section]
    if isinstance(entries, list):
        problems.origins[section, len(entries)] = origin
        entries.append(value)
    else:
        _twice(origin, (section,), problems)


def _put(joined: JSONObject, section: str, key: str, value: JSONValue, origin: Origin, problems: Problems) -> None:
    if joined.get(section) is None:
        joined[section] = {}
    mapping = joined[section]
    if isinstance(mapping, dict):
        _set(mapping, key, value, (section, key), origin, problems)
    else:
        _twice(origin, (section,), problems)


def _twice(origin: Origin, at: Location, problems: Problems) -> None:
    """Reported where it is given for the second time."""
    first = problems.place(at)
    problems.take(origin.problem(f"is given in {first.file}:{first.line} too; keep one of them"))
